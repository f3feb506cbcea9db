"""
What the layers know: linear classifiers on each frozen layer (Peters et al. 2018, section 5.3, table 6), and word
senses by the nearest of their averages (table 5). Without AllenNLP.
"""
