import { danglingReferences } from '../dangling.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** Secrets rightly come from elsewhere; a name that nobody fills keeps the pod from starting. */
export const danglingSecret: ManifestCheck = {
  id: 'dangling-secret',
  severity: 'note',
  title: 'Secrets that pods need exist',
  serves: ['D2'],
  check: set => danglingReferences(set, 'secrets', 'Secret'),
}
