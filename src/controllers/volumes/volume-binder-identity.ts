// The account of several controllers, as upstream: what they may do together.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { ControllerIdentity } from '../controller.ts'

export const persistentVolumeBinder: ControllerIdentity = {
  account: 'persistent-volume-binder',
  rules: [
    rule('create delete get list update watch', 'core', 'persistentvolumes'),
    rule('update', 'core', 'persistentvolumes/status'),
    rule('get list update watch', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule('create delete get list watch', 'core', 'pods'),
    rule(read, 'storage.k8s.io', 'storageclasses'),
    rule('list watch', 'core', 'nodes'),
    recordEvents,
    rule('watch', 'core', 'events'),
    rule('get', 'core', 'services'),
  ],
}
