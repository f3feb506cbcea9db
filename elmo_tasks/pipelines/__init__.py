"""
ELMo in other libraries' pipelines: spaCy's (`spacy_component`) and scikit-learn's (`vectorizer`); without AllenNLP.

Importing this imports neither library.
"""
