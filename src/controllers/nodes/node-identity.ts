// The account of several controllers, as upstream: their common permissions.
import { recordEvents, rule } from '../../api/policy-rule.ts'
import type { ControllerIdentity } from '../controller.ts'

export const nodeController: ControllerIdentity = {
  account: 'node-controller',
  rules: [
    rule('delete get list patch update watch', 'core', 'nodes'),
    rule('patch update', 'core', 'nodes/status'),
    rule('patch update', 'core', 'pods/status'),
    rule('delete get list watch', 'core', 'pods'),
    recordEvents,
  ],
}
