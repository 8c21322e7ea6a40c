"""Languages: what the rules know of each: how long its words are, how many it takes, and its most common ones.

`words` and `letters` are measured (benchmarks/fit_rules.py) on the sentences of Tatoeba and their English translations:
words for each English word, and the mean length of a word over that of an English one. They carry thresholds that were
found for English over to the language, as FineWeb2 does with statistics of its Wikipedias (Penedo et al. 2025,
arXiv:2506.20920). A language without 200 such sentences counts as English in both. Words are those of
`corpus.text.normal_form.words`: in scripts without spaces, characters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Language:
    """`stop_words`: function words that any prose of 50 words has two of, separated by spaces; "" where unknown."""

    words: float = 1.0
    letters: float = 1.0
    stop_words: str = ""


UNSPACED = ("ja", "km", "lo", "my", "th", "wuu", "yue", "zh")  # languages of which characters count as words

# ISO 639-1 codes, or 639-3 where there is none.
LANGUAGES = {
    "af": Language(words=1.02, letters=1.03, stop_words="die van en het is in nie wat vir om te dat met sy ek hy"),
    "am": Language(stop_words="ነው ውስጥ ላይ እና ወደ ነበር ግን ይህ እኔ"),
    "ar": Language(
        words=0.79,
        letters=1.08,
        stop_words="في من على أن إلى ما لا هذا كان التي الذي مع عن هل هو هي لم لن قد كل أنا أنه ذلك هناك كانت بعد أو",
    ),
    "arz": Language(words=0.70, letters=1.10, stop_words="في من على ده دي مش اللي و ان ما كان"),
    "az": Language(
        words=0.73,
        letters=1.47,
        stop_words="və bir bu ki ilə üçün da də o çox var olan mən nə daha sən biz onlar onun mənim idi amma hər kimi",
    ),
    "be": Language(words=0.80, letters=1.24, stop_words="і ў не на з што да гэта як па за у ад ён я але"),
    "bg": Language(words=0.88, letters=1.16, stop_words="на и в да се не за от е са с че по си как този"),
    "bn": Language(words=0.88, letters=1.14, stop_words="এবং এই না করে থেকে আমি একটি জন্য যে তার কি ও হয় এটা আমার আছে"),
    "br": Language(words=1.12, letters=0.95),
    "bs": Language(words=0.80, letters=1.22, stop_words="je i u da na se ne za su od sa to što kao ali"),
    "ca": Language(words=1.00, letters=1.03, stop_words="de la que i el a en un per no és amb les els una va"),
    "ceb": Language(words=0.88, letters=1.20, stop_words="sa ang nga ug og mga ka si ni dili ko na kay"),
    "cs": Language(words=0.77, letters=1.21, stop_words="a je se na v to že s z do o i za ale si jako"),
    "cy": Language(words=1.15, letters=0.94, stop_words="yn y i a ar o ei mae wedi yr ac fod am dw"),
    "da": Language(words=0.95, letters=1.08, stop_words="og i at er det en til på som af for den ikke de med jeg"),
    "de": Language(
        words=0.97, letters=1.25, stop_words="der die und in den von zu das mit sich ist nicht ein eine auf für"
    ),
    "el": Language(words=0.92, letters=1.25, stop_words="και το να του η της με για την στο είναι από που δεν τα ο"),
    "en": Language(stop_words="the be to of and that have with"),
    "eo": Language(words=0.88, letters=1.17, stop_words="la de kaj en mi estas ne al vi ke por li kun sur el ĝi"),
    "es": Language(words=0.93, letters=1.16, stop_words="de la que el en y a los del se las por un con no una"),
    "et": Language(words=0.81, letters=1.27, stop_words="ja on ei see et ka kui oli ta mis aga oma kes nii ma seda"),
    "eu": Language(words=0.80, letters=1.43, stop_words="eta da ez bat du dira zen ere hau baina izan bere egin dut"),
    "fa": Language(words=0.98, letters=0.96, stop_words="و در به از که این را با است برای آن یک می خود تا بر"),
    "fi": Language(
        words=0.72,
        letters=1.58,
        stop_words="ja on ei että se hän oli mutta ole kun joka myös tai niin jos "
        "en olen minun sen hänen mikä voi kanssa jo kuin minä sinä kaikki vain nyt mitä",
    ),
    "fo": Language(words=0.92, letters=1.16, stop_words="og í at er ikki á við tað ein eg til hann sum av"),
    "fr": Language(words=1.14, letters=1.03, stop_words="de la le et les des en un du une que est pour qui dans il"),
    "fy": Language(stop_words="de it en fan is in yn te dat net op hy dy ik"),
    "ga": Language(words=1.05, letters=1.10, stop_words="an agus na a is ar i go sé le tá ag do níl"),
    "gd": Language(words=1.14, letters=1.05, stop_words="an agus a na air e is tha i ann gun bha do chan"),
    "gl": Language(words=0.89, letters=1.14, stop_words="de a o que e en do da un unha para os non por se é"),
    "he": Language(
        words=0.75,
        letters=1.00,
        stop_words="של את על לא הוא זה אני עם כל היא אם גם או מה היה אל אבל כי יש אין לי לו שלי הם אתה כמו רק",
    ),
    "hi": Language(words=1.07, letters=0.94, stop_words="के है में की से का को और हैं यह पर नहीं कि एक ने भी"),
    "hr": Language(words=0.81, letters=1.18, stop_words="je i u da na se ne za su od s to što kao ali ili"),
    "hu": Language(words=0.75, letters=1.38, stop_words="a az és hogy nem is egy ez meg van azt de volt csak ha mint"),
    "hy": Language(words=0.88, letters=1.21, stop_words="է և որ են մեջ եմ չի այս նա համար մի իր հետ այդ ես"),
    "ia": Language(words=1.02, letters=1.10),
    "id": Language(
        words=0.86,
        letters=1.42,
        stop_words="yang dan di ini untuk dengan tidak dari dalam itu akan pada adalah ke saya dia",
    ),
    "io": Language(words=0.91, letters=1.11),
    "is": Language(words=0.95, letters=1.14, stop_words="og að í er á sem ekki við til það ég en hann um var"),
    "it": Language(words=0.93, letters=1.20, stop_words="di e che la il un a per non in è una del con si le"),
    "ja": Language(words=2.08, letters=0.26, stop_words="の は を に が と で た て し る い な か も れ"),
    "jv": Language(
        words=0.83, letters=1.36, stop_words="lan ing sing iku kang kanthi aku ora karo ana dadi saka kuwi iki"
    ),
    "ka": Language(
        words=0.64,
        letters=1.55,
        stop_words="და არ ეს რომ მე ის იყო არის რა ამ მისი თუ ერთი ვარ "
        "კი როგორც ჩემი შენ თქვენ ჩვენ მაგრამ ძალიან უნდა მას იმ ან აქვს მინდა",
    ),
    "kk": Language(words=0.70, letters=1.42, stop_words="және бұл мен бір да де емес үшін ол бар болып не осы деп"),
    "km": Language(words=2.35, letters=0.45, stop_words="ន ង រ ក ម ត ប ល ស ជ"),
    "ko": Language(
        words=0.67,
        letters=0.71,
        stop_words="이 그 수 있다 있는 것은 그는 나는 하는 것이 한 및 등 그리고 더 것을 있습니다 합니다 "
        "없다 대한 위해 때 내 우리 나 안 못 다 하지만 내가 좀 난 우리는 너무 있어 그의 것",
    ),
    "ku": Language(words=0.92, letters=1.06, stop_words="û di ku de li ji bi ew jî bo re ez ne"),
    "ky": Language(stop_words="жана бул бир менен да деп үчүн бар эмес ал де болгон"),
    "la": Language(
        words=0.71,
        letters=1.41,
        stop_words="et in est non ad ut cum sed quod qui ex si de esse quae sunt "
        "erat nec hoc me te mihi tibi ab per hic sum ego tu nos mea quis",
    ),
    "lo": Language(stop_words="ນ ກ ງ ວ ຂ ອ ມ ລ"),
    "lt": Language(
        words=0.74,
        letters=1.42,
        stop_words="ir yra kad į su ne tai iš jis apie o bet kaip ar buvo už aš tu ji mes man mano savo nuo iki ką",
    ),
    "lv": Language(words=0.80, letters=1.32, stop_words="un ir ar no uz es ka par bet kas tas viņš nav lai kā tu"),
    "mk": Language(words=0.88, letters=1.13, stop_words="на и да се во не од за е со што го ќе како ги"),
    "ml": Language(
        words=0.71,
        letters=1.95,
        stop_words="ഒരു ഈ ഞാൻ ആണ് എന്ന് ആ എന്ന അത് ഇത് ഇല്ല എന്റെ അവൻ അവൾ ഞങ്ങൾ നീ എനിക്ക് എന്ത് ഇവിടെ എല്ലാ വളരെ പക്ഷേ ഞാന്‍ അവന്‍",
    ),
    "mn": Language(words=0.83, letters=1.28, stop_words="нь байна бол би энэ юм тэр та уу болон ба л ч"),
    "mr": Language(words=0.85, letters=1.23, stop_words="आणि आहे या मी ते हे एक तो की नाही च व आहेत का"),
    "ms": Language(
        words=0.90,
        letters=1.40,
        stop_words="yang dan di ini untuk dengan tidak itu pada dari dalam saya akan ke dia adalah",
    ),
    "my": Language(stop_words="သ က တ မ န အ ပ ရ"),
    "nds": Language(words=0.98, letters=1.07, stop_words="de un in dat is en to van nich mit ik het he op för"),
    "ne": Language(stop_words="र छ को मा यो छन् पनि हो लागि एक ले गर्न त"),
    "nl": Language(words=0.98, letters=1.11, stop_words="de het een en van in is dat op te niet zijn met voor die aan"),
    "nn": Language(words=0.94, letters=1.05, stop_words="og i er det til på som ein av for å ikkje han eg med"),
    "no": Language(words=0.93, letters=1.08, stop_words="og i er det på til som en av for å ikke med den de jeg"),
    "oc": Language(words=1.02, letters=1.03, stop_words="de la e lo que los dins per un es en una las a"),
    "pa": Language(stop_words="ਦੇ ਦੀ ਹੈ ਵਿੱਚ ਨੂੰ ਦਾ ਅਤੇ ਤੋਂ ਇਹ ਨੇ ਹਨ ਕਿ ਇੱਕ"),
    "pl": Language(words=0.76, letters=1.36, stop_words="i w nie na się z to do że jest o jak a po co tak"),
    "ps": Language(stop_words="د په او چې ته له دا کې و نه هم یو"),
    "pt": Language(words=0.96, letters=1.14, stop_words="de a o que e do da em um para é com não uma os no"),
    "ro": Language(words=0.98, letters=1.08, stop_words="de în și a la cu nu o să pe că din un este mai care"),
    "ru": Language(words=0.82, letters=1.23, stop_words="и в не на что я с он как это по но к у из за"),
    "sk": Language(words=0.77, letters=1.22, stop_words="a sa je na v to že s z do si o ako aj ale som"),
    "sl": Language(words=0.81, letters=1.15, stop_words="je in v na da se za so ne z ki pa to po s bi"),
    "so": Language(stop_words="iyo ka oo in ku waa u la ee ah uu aan"),
    "sq": Language(words=0.97, letters=1.09, stop_words="të e në për një i me që nga dhe nuk është më u ka"),
    "sr": Language(words=0.86, letters=1.14, stop_words="je и у да на се не за су од i u da se ne na то"),
    "su": Language(stop_words="nu jeung di ka dina sareng anu teu aya ku eta"),
    "sv": Language(words=0.93, letters=1.12, stop_words="och i att det som en på är av för med den till inte har jag"),
    "sw": Language(words=0.65, letters=1.47, stop_words="na ya wa kwa ni la katika za kuwa hii yake cha si kama"),
    "ta": Language(words=0.73, letters=1.98, stop_words="ஒரு இந்த என்று நான் அது என்ன மற்றும் அவர் இது என் ஆனால் உள்ள"),
    "te": Language(words=0.71, letters=1.56, stop_words="ఒక ఈ నేను ఆ అని మరియు ఇది అది నా కాదు కూడా ఉంది లో"),
    "tg": Language(stop_words="ва дар ба аз ки бо ин барои аст он як ҳам"),
    "th": Language(words=3.05, letters=0.34, stop_words="า น ร ก เ อ ง ม ย ล ว ด ส ต ที่ ไ"),
    "tk": Language(words=0.65, letters=1.54, stop_words="we bu bir men bilen hem üçin bar ol däl bolan sen"),
    "tl": Language(words=0.96, letters=1.27, stop_words="ang sa ng na ay mga ko si at hindi siya ako ito ni para"),
    "tr": Language(
        words=0.71, letters=1.52, stop_words="ve bir bu da de için ne çok o ile var daha gibi olarak ben kadar"
    ),
    "tt": Language(
        words=0.74,
        letters=1.39,
        stop_words="һәм бу да бер белән мин ул дә бар өчен түгел дип иде син без алар минем кеше шул нәрсә соң әле",
    ),
    "ug": Language(
        words=0.67,
        letters=1.59,
        stop_words="بۇ بىر ۋە بىلەن ئۇ مەن بار ئۈچۈن يوق ئىدى دەپ سەن ئۇنىڭ مېنىڭ بىز كېرەك ھەم نېمە ئەمەس ماڭا",
    ),
    "uk": Language(words=0.81, letters=1.25, stop_words="і в не на що з у я це до як та він за але про"),
    "ur": Language(words=1.12, letters=0.87, stop_words="کے ہے میں کی سے کو اور کا یہ نے پر ہیں اس کہ نہیں بھی"),
    "uz": Language(words=0.73, letters=1.41, stop_words="va bu bir bilan uchun men ham u edi emas bor deb da"),
    "vi": Language(
        words=1.19, letters=0.84, stop_words="và của là có không được cho một trong những người với các đã này tôi"
    ),
    "wuu": Language(words=1.39, letters=0.26, stop_words="个 我 是 勿 搿 了 一 有 侬 伊 的 不"),
    "yi": Language(words=1.01, letters=1.07, stop_words="און די דער איז אין צו ניט א האט דאס איך ער פון מיט"),
    "yue": Language(words=1.33, letters=0.27, stop_words="我 唔 嘅 係 佢 咗 個 啲 好 有 你 一 的 是"),
    "zh": Language(
        words=1.36,
        letters=0.26,
        stop_words="的 一 是 不 了 在 人 有 我 他 这 這 个 個 们 們 来 來 到 时 時 大 地 为 為 子 中 你 说 說 以",
    ),
}
