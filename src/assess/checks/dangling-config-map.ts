import { danglingReferences } from '../dangling-references.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A pod waits forever for a ConfigMap that does not exist. */
export const danglingConfigMap: ManifestCheck = {
  id: 'dangling-config-map',
  severity: 'warning',
  title: 'ConfigMaps that pods need exist',
  serves: ['D2'],
  check: set => danglingReferences(set, 'configmaps', 'ConfigMap'),
}
