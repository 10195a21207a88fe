// What every controller of CSI drivers may: find the drivers, call them through the API server, and see whether sidecars do its work.
import { csiCallPaths } from '../../api/nodes/csi-call-path.ts'
import { read, recordEvents, rule, urls } from '../../api/policy-rule.ts'

export const csiRights = [
  urls('post', csiCallPaths),
  rule(read, 'storage.k8s.io', 'csidrivers csinodes'),
  rule(read, 'core', 'nodes'),
  rule('get', 'coordination.k8s.io', 'leases'),
  recordEvents,
]
