// The account of the controllers of snapshots: what they may do together. They read no secret: they only write down which one a class names.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { snapshotGroup } from '../../api/volumes/snapshot-names.ts'
import type { ControllerIdentity } from '../controller.ts'

export const snapshotIdentity: ControllerIdentity = {
  account: 'snapshot-controller',
  own: true,
  rules: [
    rule('get list watch update', snapshotGroup, 'volumesnapshots'),
    rule('update', snapshotGroup, 'volumesnapshots/status'),
    rule('create delete get list watch update', snapshotGroup, 'volumesnapshotcontents'),
    rule(read, snapshotGroup, 'volumesnapshotclasses'),
    rule('get list watch update', 'core', 'persistentvolumeclaims'),
    rule(read, 'core', 'persistentvolumes'),
    rule('get', 'coordination.k8s.io', 'leases'),
    recordEvents,
  ],
}
