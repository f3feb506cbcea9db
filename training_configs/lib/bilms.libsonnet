// In the package, so that it is there wherever the package is installed.
import '../../elmo_tasks/configs/bilms.libsonnet'
