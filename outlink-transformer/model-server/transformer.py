"""Outlink transformer: which items does an article link to, and what does the predictor say?"""

from liftwing_serving.outlink import serve_transformer

if __name__ == "__main__":
    serve_transformer()
