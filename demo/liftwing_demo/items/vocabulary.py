"""What items can say: properties and classes with their ids on Wikidata, and our own names.

The ids are real, so that the features that look for certain ones find them. What is said of the
items is made up.
"""

from dataclasses import dataclass

LANGUAGES = ("en", "de", "fr", "es", "pt", "ru", "ar", "zh")
"""The languages that count for an item's quality, as Wikidata:Item_quality has them."""
MORE_LANGUAGES = ("nl", "sv", "it", "pl", "cs", "fi", "ca", "eu", "hu", "nb", "da", "ro")

INSTANCE_OF, SUBCLASS_OF, PART_OF = "P31", "P279", "P361"
SEX, BORN, DIED, CITIZENSHIP, OCCUPATION = "P21", "P569", "P570", "P27", "P106"
COUNTRY, COORDINATES, POPULATION, INCEPTION = "P17", "P625", "P1082", "P571"
PUBLISHED, AUTHOR, DIRECTOR, ORIGIN, LANGUAGE = "P577", "P50", "P57", "P495", "P407"
TAXON_NAME, TAXON_RANK, PARENT_TAXON = "P225", "P105", "P171"
IMAGE, COMMONS_CATEGORY, MAIN_CATEGORY, WEBSITE = "P18", "P373", "P910", "P856"
CONSTELLATION, DISTANCE, TITLE, STUDIED_BY = "P59", "P2583", "P1476", "P2579"
IMPORTED_FROM, STATED_IN, REFERENCE_URL, RETRIEVED = "P143", "P248", "P854", "P813"
POINT_IN_TIME, START, DETERMINATION = "P585", "P580", "P459"
EXTERNAL_IDS = ("P214", "P227", "P244", "P646", "P349", "P1417")

HUMAN = "Q5"
MALE, FEMALE = "Q6581097", "Q6581072"
ENGLISH_WIKIPEDIA = "Q328"
CATALOGUES = ("Q36578", "Q13219454", "Q2013", "Q5375741")
FEATURED, GOOD = "Q17437796", "Q17437798"
METRE, LIGHT_YEAR = "Q11573", "Q531"
GREGORIAN = "http://www.wikidata.org/entity/Q1985727"
EARTH = "http://www.wikidata.org/entity/Q2"

COUNTRIES = ("Q30", "Q145", "Q183", "Q142", "Q159", "Q29", "Q45", "Q155", "Q17", "Q148", "Q916")
OCCUPATIONS = {
    "writer": "Q36180",
    "politician": "Q82955",
    "mathematician": "Q170790",
    "physicist": "Q169470",
    "philosopher": "Q4964182",
    "tennis player": "Q10833314",
    "film director": "Q2526255",
    "military officer": "Q189290",
    "painter": "Q1028181",
    "musician": "Q639669",
}


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of thing: its class, the kind of facts it has, and what the LANGUAGES call it."""

    name: str
    class_id: str
    facts: str
    words: tuple[str, str, str, str, str, str, str, str]


_WORDS = {
    "human Q5 person": "person/Person/personne/persona/pessoa/человек/شخص/人",
    "country Q6256 place": "country/Staat/pays/país/país/государство/دولة/国家",
    "state Q35657 place": "state/Bundesstaat/État/estado/estado/штат/ولاية/州",
    "town Q3957 place": "town/Stadt/ville/ciudad/cidade/город/بلدة/镇",
    "river Q4022 place": "river/Fluss/rivière/río/rio/река/نهر/河流",
    "ocean Q9430 place": "ocean/Ozean/océan/océano/oceano/океан/محيط/海洋",
    "film Q11424 work": "film/Film/film/película/filme/фильм/فيلم/电影",
    "book Q7725634 work": "book/Buch/livre/libro/livro/книга/كتاب/书",
    "music Q2188189 work": "music/Musikwerk/musique/obra musical/música/музыка/موسيقى/音乐作品",
    "article Q13442814 work": "paper/Fachartikel/article/artículo/artigo/статья/مقالة/论文",
    "taxon Q16521 taxon": "taxon/Taxon/taxon/taxón/táxon/таксон/أصنوفة/分类单元",
    "language Q25295 idea": "languages/Sprachen/langues/lenguas/línguas/языки/لغات/语族",
    "deity Q178885 idea": "deity/Gottheit/divinité/deidad/divindade/божество/إله/神",
    "war Q198 event": "war/Krieg/guerre/guerra/guerra/война/حرب/战争",
    "flight Q2133344 event": "flight/Raumflug/vol/vuelo/voo/полёт/رحلة/太空任务",
    "star Q523 event": "star/Stern/étoile/estrella/estrela/звезда/نجم/恒星",
    "company Q4830453 body": "company/Firma/entreprise/empresa/empresa/компания/شركة/公司",
    "organisation Q43229 body": "body/Organisation/organisme/ente/entidade/орган/منظمة/组织",
    "chemistry Q79529 idea": "substance/Stoff/substance/sustancia/substância/вещество/مادة/物质",
    "law Q151885 idea": "term of law/Begriff/terme/término/termo/термин/مصطلح/术语",
    "science Q11862829 idea": "field/Fach/discipline/disciplina/disciplina/наука/علم/学科",
    "list Q13406463 page": "list/Liste/liste/lista/lista/список/قائمة/列表",
    "disambiguation Q4167410 page": "ambiguous/Begriffsklärung/homonymie/desambiguación/"
    "desambiguação/неоднозначность/توضيح/消歧义",
}


def _sorts() -> dict[str, Sort]:
    sorts = {}
    for key, words in _WORDS.items():
        name, class_id, facts = key.split()
        parts = words.split("/")
        assert len(parts) == len(LANGUAGES)
        sorts[name] = Sort(name, class_id, facts, tuple(parts))  # type: ignore[arg-type]
    return sorts


SORTS = _sorts()

FIRST_NAMES = ("Orla", "Tamsin", "Bertil", "Ignace", "Maud", "Casimir", "Perpetua", "Anselm")
LAST_NAMES = ("Quillfeather", "Osterdahl", "Brackwater", "Vantongeren", "Mirel", "Hollowick")
PLACE_STARTS = ("Ostre", "Kelder", "Marn", "Wyve", "Tolle", "Bryn", "Sava", "Hexel", "Dunmar")
PLACE_ENDS = ("wick", "haven", "mouth", "ford", "burg", "by", "field", "stad")
SPECIES = ("nebulosa", "quadricornis", "lenta", "praefulgens", "minuscula", "borealis", "fictilis")
GENERA = ("Ficticella", "Inventia", "Simulodon", "Pseudaria", "Commentitia")
SUBJECTS = ("tides", "parity", "lichens", "toll roads", "bell metal", "peat", "soap films", "moths")
WORKS = ("The Glass Ferry", "Nine Lamps", "A Winter Ledger", "Salt and Thistle", "The Quiet Mill")
"""With a number behind them, for there are more works than titles."""
