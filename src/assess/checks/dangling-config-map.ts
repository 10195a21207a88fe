import { danglingReferences } from '../dangling.ts'
import type { ManifestCheck } from '../manifest-check.ts'

/** A pod waits for ever for a ConfigMap that is not there. */
export const danglingConfigMap: ManifestCheck = {
  id: 'dangling-config-map',
  severity: 'warning',
  title: 'ConfigMaps that pods need exist',
  serves: ['D2'],
  check: set => danglingReferences(set, 'configmaps', 'ConfigMap'),
}
