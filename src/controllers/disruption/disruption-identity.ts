// The account of several controllers, as upstream: what they may do together.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { ControllerIdentity } from '../controller.ts'

export const disruptionController: ControllerIdentity = {
  account: 'disruption-controller',
  rules: [
    rule(read, 'apps extensions', 'deployments'),
    rule(read, 'apps extensions', 'replicasets'),
    rule(read, 'core', 'replicationcontrollers'),
    rule(read, 'policy', 'poddisruptionbudgets'),
    rule(read, 'apps', 'statefulsets'),
    rule('update', 'policy', 'poddisruptionbudgets/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('get', '*', '*/scale'),
    recordEvents,
  ],
}
