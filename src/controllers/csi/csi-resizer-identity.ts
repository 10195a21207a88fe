// The account that changes existing volumes of CSI drivers: their size and attributes.
import { read, rule } from '../../api/policy-rule.ts'
import type { ControllerIdentity } from '../controller.ts'
import { csiRights } from './csi-rights.ts'

export const csiResizerIdentity: ControllerIdentity = {
  account: 'csi-resizer',
  own: true,
  rules: [
    ...csiRights,
    rule('get list watch update', 'core', 'persistentvolumes'),
    rule(read, 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(read, 'storage.k8s.io', 'volumeattributesclasses'),
    rule('get', 'core', 'secrets'),
  ],
}
