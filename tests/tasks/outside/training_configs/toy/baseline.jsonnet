(import 'toy.libsonnet')()
