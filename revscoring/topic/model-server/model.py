"""Topics: what is an article, a draft or an item of Wikidata about?"""

from liftwing_serving.revscoring import families, serve

if __name__ == "__main__":
    serve(families.TOPIC)
