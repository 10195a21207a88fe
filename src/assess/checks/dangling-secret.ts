import { danglingReferences } from '../dangling-references.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** Secrets usually come from elsewhere, but a Secret that never exists keeps the pod from starting. */
export const danglingSecret: ManifestCheck = {
  id: 'dangling-secret',
  severity: 'note',
  title: 'Secrets that pods need exist',
  serves: ['D2'],
  check: set => danglingReferences(set, 'secrets', 'Secret'),
}
