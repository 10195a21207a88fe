// The account that makes and deletes volumes of CSI drivers. It reads single secrets by name, which a class of an administrator gives, and
// lists none.
import { read, rule } from '../../api/policy-rule.ts'
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { ControllerIdentity } from '../controller.ts'
import { csiRights } from './csi-rights.ts'

export const csiProvisionerIdentity: ControllerIdentity = {
  account: 'csi-provisioner',
  own: true,
  rules: [
    ...csiRights,
    rule('create delete get list watch update', 'core', 'persistentvolumes'),
    rule('get list watch update', 'core', 'persistentvolumeclaims'),
    rule('get', 'core', 'secrets'),
    rule(read, 'storage.k8s.io', 'storageclasses volumeattachments volumeattributesclasses'),
    rule('get', snapshotGroup, 'volumesnapshots volumesnapshotcontents'),
  ],
}
