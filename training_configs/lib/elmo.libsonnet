// ELMo into a config that knows nothing of it: `elmo.add(import 'my_tagger.jsonnet', bilm='mini')`.
// In the package, so that it is there wherever the package is installed.
import '../../elmo_tasks/configs/elmo.libsonnet'
