// Evaluates namespace and object selectors of policies and webhooks.

import type { KubeObject } from '../../api/object.ts'
import type { LabelSelection } from '../../api/selectors/selector.ts'
import { notFound } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { AdmissionRequest } from '../admission.ts'
import { isNamespace } from './rule.ts'

type Labels = Readonly<Record<string, string>>

/**
 * Labels of the request's namespace; `everywhere` for a cluster-scoped object, which no selector exempts. A Namespace that is written has
 * its new labels. Throws a 404 if the namespace does not exist.
 */
export function namespaceLabels(request: AdmissionRequest, reader: StoreReader): Labels | 'everywhere' {
  const { resource, subresource, operation, object, namespace, name } = request
  const itself = isNamespace(resource)
  if (!itself && namespace === '') return 'everywhere'
  if (itself && subresource === '' && object !== undefined && (operation === 'CREATE' || operation === 'UPDATE')) {
    return object.metadata.labels ?? {}
  }
  const wanted = itself ? name : namespace
  const found = reader.get('namespaces', '', wanted)
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, wanted)
  return found.metadata.labels ?? {}
}

/** Either state of the object may match. The options of a connection have no labels. */
export function objectMatches({ operation, object, oldObject }: AdmissionRequest, selection: LabelSelection): boolean {
  if (operation === 'CONNECT') return false
  const matches = (state: KubeObject | undefined): boolean => state !== undefined && selection.matches(state.metadata.labels)
  return matches(object) || matches(oldObject)
}
