(import 'toy.libsonnet')({ bilm: 'mini', place: 'input' })
