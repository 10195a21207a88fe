// The parameters of a binding, found like upstream's CollectParams.
import type { KubeObject } from '../../api/object.ts'
import { compileLabelSelector } from '../../api/selectors/selector.ts'
import type { ParamKind, ParamRef } from '../../api/types/admissionregistration-v1.ts'
import type { MatchContext } from '../matching/match-resources.ts'
import { fromStored, storedResource } from '../served-kinds.ts'

/** A binding or policy that cannot be used as it is; the failure policy decides. */
export class ConfigurationError extends Error {
  /** Whether the policy itself is at fault, not the binding. */
  readonly ofPolicy: boolean

  constructor(message: string, ofPolicy: boolean) {
    super(message)
    this.name = 'ConfigurationError'
    this.ofPolicy = ofPolicy
  }
}

/** Undefined means no parameters. Throws a ConfigurationError. `namespace` is that of the request. */
export function collectParams(
  kind: ParamKind | undefined,
  reference: ParamRef | undefined,
  namespace: string,
  { reader, kinds }: MatchContext,
): readonly (KubeObject | undefined)[] {
  if (kind === undefined) return [undefined]
  const definition = kinds.byKind(kind.apiVersion ?? '', kind.kind ?? '')
  if (definition === undefined || definition.virtual === true) {
    throw new ConfigurationError(`failed to find resource referenced by paramKind: '${goKind(kind)}'`, true)
  }
  if (reference === undefined) return [undefined]
  const { name = '', namespace: wanted = '', selector, parameterNotFoundAction } = reference
  if (!definition.namespaced && wanted !== '') {
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`', false)
  }
  const within = definition.namespaced ? wanted || namespace : ''
  if (definition.namespaced && within === '') {
    throw new ConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources', false)
  }
  const resource = storedResource(definition)
  let found: readonly KubeObject[]
  if (name !== '') {
    const one = reader.get(resource, within, name)
    found = one === undefined ? [] : [one]
  } else {
    const selection = compileLabelSelector(selector)
    found = reader.list(resource, definition.namespaced ? within : undefined).filter(({ metadata }) => selection.matches(metadata.labels))
  }
  if (found.length === 0 && parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction', false)
  }
  return found.map(object => fromStored(object, definition))
}

function goKind({ apiVersion = '', kind = '' }: ParamKind): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`
}
