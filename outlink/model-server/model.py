"""Outlink predictor: which topics have the items that an article links to?"""

from liftwing_serving.outlink import serve_predictor

if __name__ == "__main__":
    serve_predictor()
