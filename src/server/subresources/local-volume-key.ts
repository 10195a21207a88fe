// localvolumes/key: relays a node's request for the key of its volume to the signer, and the answer, which only the node can read.
import { apiError, badRequest, forbidden, notFound } from '../../api/status.ts'
import type { LocalVolume, LocalVolumeKey } from '../../api/types/bulkhead-v1alpha1.ts'
import { valueReply } from '../answers/respond.ts'
import { matchNamespace } from '../objects/object-meta.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import type { ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

/** The sealed key. Resolves with the reason if the signer refuses. */
export type OpenVolumeKey = (
  request: { readonly volume: string; readonly publicKey: Buffer; readonly certificate: string; readonly signature: Buffer },
  signal: AbortSignal,
) => Promise<{ readonly sealedKey: Buffer } | { readonly refused: string }>

const kind = { group: 'bulkhead.dev', version: 'v1alpha1', kind: 'LocalVolumeKey' }
const maxCertificate = 16_384
const maxBase64 = 1024

export function localVolumeKey({ openVolumeKey }: Pick<SubresourceParts, 'openVolumeKey'>): ResourceHandler {
  return async context => {
    const { info, served, user, request } = context
    if (openVolumeKey === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server has no signer for keys of volumes')
    const asked = (await decodeBody(context, kind)) as LocalVolumeKey
    matchNamespace(asked.metadata, info.namespace, false)
    const found = served.collection.newest('', info.name)?.object as LocalVolume | undefined
    if (found === undefined) throw notFound(served.named, info.name)
    // Whatever roles grant: the key is for the node alone, and the signer checks again.
    if (user.name !== `system:node:${found.spec.nodeName}`)
      throw forbidden(served.definition, info.name, 'only the node of a volume may have its key')
    if (found.metadata.deletionTimestamp !== undefined) throw forbidden(served.definition, info.name, 'the volume is being deleted')
    const { publicKey = '', certificate = '', signature = '' } = asked.spec ?? {}
    if (certificate.length > maxCertificate || publicKey.length > maxBase64 || signature.length > maxBase64)
      throw badRequest('the request for the key of a volume is too large')
    if (isDryRun(context.query.all('dryRun'))) return valueReply(context, { ...asked, status: { sealedKey: '' } }, 201)
    const answer = await openVolumeKey(
      { volume: info.name, publicKey: Buffer.from(publicKey, 'base64'), certificate, signature: Buffer.from(signature, 'base64') },
      request.signal,
    )
    if ('refused' in answer) throw forbidden(served.definition, info.name, answer.refused)
    return valueReply(context, { ...asked, status: { sealedKey: answer.sealedKey.toString('base64') } }, 201)
  }
}
