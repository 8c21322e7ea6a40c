"""Intruding page: one that tries to run, load, send and lead away, by whatever HTML has for that."""

from __future__ import annotations

from crawls import prose


def intruding_page(canary: str) -> bytes:
    """`canary`: the URL of a server that nobody should ask. What runs sets the global `flipped`."""
    script = f"window.flipped=top.flipped=1;fetch('{canary}/fetch')"
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in prose("logging").replace("<", "&lt;").split("\n\n"))
    return f"""<!doctype html><html><head><base href="{canary}/base/"><title>hostile</title>
<meta http-equiv="refresh" content="0; url={canary}/refresh"><script>{script}</script>
<script src="{canary}/script.js"></script><link rel="stylesheet" href="{canary}/style.css">
<link rel="preload" as="image" href="{canary}/preload.png"><link rel="prefetch" href="{canary}/prefetch">
<style>@import url({canary}/import.css); body {{ background: url({canary}/css.png) }}
@font-face {{ font-family: f; src: url({canary}/font) }} * {{ font-family: f }}</style></head>
<body onload="{script}" background="{canary}/background.png"><main><h1>Hostile</h1>
<img src="{canary}/image.png" onerror="{script}" alt="a picture of a cat"><img srcset="{canary}/set.png 1x">
<picture><source srcset="{canary}/source.png"><img src="{canary}/picture.png"></picture>
<iframe src="{canary}/frame"></iframe><iframe srcdoc="&lt;script&gt;{script}&lt;/script&gt;"></iframe>
<object data="{canary}/object"></object><embed src="{canary}/embed"><video poster="{canary}/poster" src="{canary}/v">
</video><audio src="{canary}/audio" autoplay></audio><svg onload="{script}"><image href="{canary}/svg.png"/></svg>
<form action="{canary}/form" method="post"><input name="a" autofocus onfocus="{script}"><button>send</button></form>
<p style="background: url({canary}/inline.png)">styled</p><table background="{canary}/table.png"><tr><td>cell</table>
<a id="away" href="{canary}/link" ping="{canary}/ping">a link away</a> <a href="javascript:{script}">a script</a>
<math><mtext><style><!--</style><img title="--&gt;&lt;img src={canary}/mutated onerror={script}&gt;"></math>
{paragraphs}</main></body></html>""".encode()
