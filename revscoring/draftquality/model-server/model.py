"""Draft quality: is a new page spam, vandalism, an attack, or fine?"""

from liftwing_serving.revscoring import families, serve

if __name__ == "__main__":
    serve(families.DRAFTQUALITY)
