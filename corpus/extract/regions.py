"""Regions: the parts of a page that its elements name: navigation, comments, article."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# What an element's class, id, role or itemprop says of it, by the words that they are made of. The first kinds, up to
# "meta", are what a reader passes over; of an element with several names the first such one counts.
KIND_WORDS = {
    "comment": "comment comments commentlist kommentar kommentare comentarios commentaires disqus respond discussion "
    "replies",
    "nav": "nav navbar navigation navi menu menus submenu megamenu breadcrumb breadcrumbs crumb crumbs toc pagination "
    "pager paging skip sitemap dropdown topbar toolbar sidenav subnav offcanvas drawer",
    "footer": "footer contentinfo copyright colophon legal disclaimer imprint impressum",
    "aside": "sidebar sidebars aside widget widgets rail secondary complementary",
    "related": "related recommend recommended recommendations popular trending similar readmore upsell crosssell "
    "recent teaser teasers outbrain taboola latest carousel swiper slick slider suggestions archive archives",
    "promo": "promo promotion newsletter subscribe subscription signup cookie cookies consent gdpr banner advert "
    "advertisement sponsor sponsored ad ads adsense login donate donation paywall cta contact form search filter "
    "filters sort cart toast notice alert rating",
    "share": "share sharing sharedaddy social follow",
    "hidden": "modal popup overlay dialog lightbox tooltip",
    "meta": "byline author avatar bio user username poster profile member signature sig meta tag tags tagged category "
    "categories timestamp date published info",
    "caption": "credit credits caption captions figcaption gallery",
    "header": "header masthead logo hero head",
    "content": "article post posts entry content story main body text prose product description detail details message "
    "topic thread answer answers question questions cooked markdown commtext",
}
KIND_TAGS = {
    "nav": "nav menu",
    "footer": "footer",
    "aside": "aside",
    "promo": "form",
    "hidden": "dialog",
    "caption": "figcaption",
    "header": "header",
    "content": "main article",
}
KINDS = ("", *KIND_WORDS)
SOFT, CONTENT, MAIN = KINDS.index("meta"), KINDS.index("content"), len(KINDS)
LONG_ENDINGS = ("body", "menu")


class Regions(NamedTuple):
    """The page's containers in the order in which they open, a column a measure; the first is the page itself. So what
    stands inside one of them is in those from its number up to its `last`."""

    kind: NDArray[np.int64]  # index into KINDS: what the innermost element that is named says
    kinds: NDArray[np.int64]  # a bit for each kind that this or an element around is of
    around: NDArray[np.int64]  # the number of the container around
    last: NDArray[np.int64]
