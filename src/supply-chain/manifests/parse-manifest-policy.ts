// The spec of a policy of manifests, compiled.
import { UserError } from '../../base/user-error.ts'
import type { OnFailure } from '../policy/image-policy.ts'
import { type CompiledSigner, readVerify } from '../policy/parse-image-policy.ts'
import { FieldReader, readText } from '../signatures/field-reader.ts'
import { type ObjectScope, policyTitle } from './covers-object.ts'

export const maxResources = 100
export const maxNamespaces = 1000
/** `deployments.apps`, `configmaps`, `*.example.com`, `*` */
export const resourceForm = /^(?:\*|[a-z][a-z0-9-]{0,62}|(?:\*|[a-z][a-z0-9-]{0,62})\.[a-z0-9][a-z0-9.-]{0,252})$/

export interface CompiledManifestPolicy extends ObjectScope {
  /** `ManifestPolicy "shop/release"`, for messages. */
  readonly title: string
  readonly mode: 'anyOf' | 'allOf'
  readonly signers: readonly CompiledSigner[]
  /** Milliseconds since the epoch. */
  readonly signedAfter?: number
  readonly onFailure: OnFailure
}

/** `spec` is a ManifestPolicySpec of a client or a file. Throws a UserError that names the field. */
export function parseManifestPolicy(name: string, namespace: string | undefined, spec: unknown): CompiledManifestPolicy {
  const fields = new FieldReader(spec, 'spec', [
    'resources',
    'verify',
    'signedAfter',
    'onFailure',
    ...(namespace === undefined ? ['namespaces'] : []),
  ])
  const resources = fields.list('resources', maxResources, (item, path) => {
    const text = readText(item, path)
    if (!resourceForm.test(text)) throw new UserError(`${path} must be such as deployments.apps, configmaps, *.example.com or *`)
    return text
  })
  if (resources.length === 0) throw new UserError('spec.resources must name what must be signed; "*" is all')
  const verify = readVerify(fields)
  if (verify.signers.length === 0) throw new UserError('spec.verify must name at least one signer')
  const signedAfter = fields.optionalTime('signedAfter')
  const namespaces = fields.list('namespaces', maxNamespaces, readText)
  return {
    title: policyTitle(name, namespace),
    ...(namespace === undefined ? {} : { namespace }),
    resources,
    ...(fields.has('namespaces') ? { namespaces } : {}),
    ...verify,
    ...(signedAfter === undefined ? {} : { signedAfter }),
    onFailure: fields.oneOf('onFailure', ['Refuse', 'Warn']) ?? 'Refuse',
  }
}
