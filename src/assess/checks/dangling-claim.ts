import { danglingReferences } from '../dangling-references.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A pod whose volume claim does not exist cannot be scheduled. */
export const danglingClaim: ManifestCheck = {
  id: 'dangling-claim',
  severity: 'warning',
  title: 'PersistentVolumeClaims that pods need exist',
  serves: ['D2'],
  check: set => danglingReferences(set, 'persistentvolumeclaims', 'PersistentVolumeClaim'),
}
