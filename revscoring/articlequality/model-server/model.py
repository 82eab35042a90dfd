"""Article quality: how good is an article, or an item of Wikidata?"""

from liftwing_serving.revscoring import families, serve

if __name__ == "__main__":
    serve(families.ARTICLEQUALITY)
