// The account of the controller of snapshots on nodes' disks.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { ControllerIdentity } from '../controller.ts'

export const localSnapshotIdentity: ControllerIdentity = {
  account: 'local-volume-snapshotter',
  own: true,
  rules: [
    rule('create delete get list watch update', 'bulkhead.dev', 'localvolumes'),
    rule('get list watch update', snapshotGroup, 'volumesnapshotcontents'),
    rule('update', snapshotGroup, 'volumesnapshotcontents/status'),
    rule(read, 'core', 'nodes persistentvolumeclaims resourcequotas'),
    recordEvents,
  ],
}
