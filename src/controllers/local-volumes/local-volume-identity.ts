// The account of the controllers of volumes on nodes' disks: what they may do together.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { ControllerIdentity } from '../controller.ts'

export const localVolumeIdentity: ControllerIdentity = {
  account: 'local-volume-provisioner',
  own: true,
  rules: [
    rule('create delete get list watch update', 'bulkhead.dev', 'localvolumes'),
    rule('create delete get list watch update', 'core', 'persistentvolumes'),
    rule('get list watch update', 'core', 'persistentvolumeclaims'),
    rule('update', 'core', 'persistentvolumeclaims/status'),
    rule(read, 'storage.k8s.io', 'storageclasses'),
    rule('get', snapshotGroup, 'volumesnapshots volumesnapshotcontents'),
    rule(read, 'core', 'namespaces nodes'),
    recordEvents,
  ],
}
