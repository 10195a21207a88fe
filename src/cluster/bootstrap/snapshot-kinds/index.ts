// The kinds of snapshots, as the CustomResourceDefinitions of kubernetes-csi/external-snapshotter (release 8) define them, in its version v1.
// They are definitions and not built-in kinds: operators look for them in `kubectl get crd`, and charts of drivers apply their own copies.
import type { KubeObject } from '../../../api/object.ts'
import type { CustomResourceDefinition } from '../../../api/types/apiextensions-v1.ts'
import { volumeSnapshot } from './volume-snapshot.ts'
import { volumeSnapshotClass } from './volume-snapshot-class.ts'
import { volumeSnapshotContent } from './volume-snapshot-content.ts'

export const snapshotKinds: readonly (KubeObject & CustomResourceDefinition)[] = [
  volumeSnapshot,
  volumeSnapshotClass,
  volumeSnapshotContent,
]
