// Admission of connections to something in the cluster: exec, attach, portforward and the proxies.
import type { KubeObject } from '../../api/object.ts'
import { badRequest } from '../../api/status.ts'
import type { ResourceContext } from '../request/request-context.ts'
import type { AdmissionChain } from './write-parts.ts'

/**
 * Before any lookup, as upstream: a refusal by admission reveals nothing about the object. `options` are the client's options, of kind
 * PodExecOptions and so on. Resolves with the admitted, possibly changed options: only those may be executed.
 */
export async function admitConnection(
  admission: AdmissionChain,
  context: ResourceContext,
  kind: string,
  options: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { served, info, user, request } = context
  // A dry run cannot apply to a connection.
  if (context.query.all('dryRun').length > 0) throw badRequest('dryRun is not supported')
  const object: KubeObject & Record<string, unknown> = { apiVersion: 'v1', kind, metadata: {}, ...options }
  const asked = {
    operation: 'CONNECT' as const,
    resource: served.definition,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    object,
    oldObject: undefined,
    user,
    dryRun: false,
    warn: context.warn,
    annotate: context.annotate,
  }
  await admission.mutate(asked, request.signal)
  await admission.validate(asked, request.signal)
  return object
}
