// Who gets the credentials for a mount: the node of the pod, while the pod is there, and nobody else.
import type { Pod } from '../../../api/types/core-v1.ts'
import { isJsonObject, isTexts, parseJson } from '../../../base/json.ts'
import { pods } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { type Answer, connectWith, type ProofRequest, request } from '../../request.ts'
import { within } from '../../until.ts'
import { type NodeHeaders, nodeHeaders } from '../nodes/node-arena.ts'
import { type StorageArena, tokenSeconds } from './storage-arena.ts'

/** A deleted pod's token ends with the pod; its node has this long to report its end. */
const endMs = 60_000
const pollMs = 200

export async function tryStorageCredentials(
  context: ProofContext,
  namespace: ProofNamespace,
  { driver, audience, volume, pod, plain }: StorageArena,
  node: string,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, endpoint, transport } = context
  const { name } = namespace
  const [self, other] = [nodeHeaders(node), nodeHeaders(name)]
  const account: NodeHeaders = {
    'impersonate-user': `system:serviceaccount:${name}:mine`,
    'impersonate-group': ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated'],
  }
  const ask = (
    of: Pod,
    headers: NodeHeaders,
    { audiences = [audience], expirationSeconds = tokenSeconds, bound = true } = {},
  ): ProofRequest => ({
    method: 'POST',
    path: namespace.core('serviceaccounts/mine/token'),
    headers,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences,
        expirationSeconds,
        ...(bound ? { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: of.metadata.name, uid: of.metadata.uid } } : {}),
      },
    },
  })
  const refused = async (what: string, question: ProofRequest, names: string, status = 403) => {
    await attempts.refused(what, transport, question, { names, status }, signal)
  }
  const get = (path: string, headers: NodeHeaders): ProofRequest => ({ method: 'GET', path, headers })
  const token = tokenOf(await attempts.accepted('the node of the pod: the token for the driver', transport, ask(pod, self), signal))
  await attempts.accepted('the node of the pod: the Secret of the mount', transport, get(namespace.core('secrets/mount'), self), signal)
  await attempts.accepted('the node of the pod: the volume', transport, get(`/api/v1/persistentvolumes/${volume}`, self), signal)

  const cannot = (verb: string, resource: string) => `cannot ${verb} resource "${resource}"`
  await refused('another node: the token for the driver', ask(pod, other), cannot('create', 'serviceaccounts/token'))
  await refused('another node: the Secret of the mount', get(namespace.core('secrets/mount'), other), cannot('get', 'secrets'))
  await refused('another node: the volume', get(`/api/v1/persistentvolumes/${volume}`, other), cannot('get', 'persistentvolumes'))
  await refused(
    'another node: the claim',
    get(namespace.core('persistentvolumeclaims/data'), other),
    cannot('get', 'persistentvolumeclaims'),
  )
  const attachment = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name },
    spec: { attacher: driver, nodeName: name, source: { persistentVolumeName: volume } },
  }
  const attach: ProofRequest = { method: 'POST', path: '/apis/storage.k8s.io/v1/volumeattachments', headers: other, body: attachment }
  await refused('another node: an attachment of the volume to itself', attach, cannot('create', 'volumeattachments'))
  await refused(
    'the node: a token for another audience',
    ask(pod, self, { audiences: ['vault'] }),
    'audience "vault" not found in pod spec volume',
  )
  await refused(
    'the node: a token for two audiences',
    ask(pod, self, { audiences: [audience, 'vault'] }),
    'node may only request 0 or 1 audiences',
  )
  await refused(
    'the node: a token that outlives the request of the driver',
    ask(pod, self, { expirationSeconds: 86_400 }),
    'longer than the',
  )
  await refused('the node: a token without a pod', ask(pod, self, { bound: false }), 'node requested token not bound to a pod')
  await refused('the node: a token for a pod without the volume', ask(plain, self), 'not found in pod spec volume')
  await refused('the account of the pod: a token for the driver', ask(pod, account), cannot('create', 'serviceaccounts/token'))
  await refused('the account of the pod: the Secret of the mount', get(namespace.core('secrets/mount'), account), cannot('get', 'secrets'))

  // Refused before the server looks for node and driver; a constant path, for the role of this proof.
  const call = (method: string, headers?: NodeHeaders): ProofRequest => ({
    method: 'POST',
    path: `/bulkhead/v1/csi/prove/prove.example.com/${method}`,
    body: { volumeId: volume },
    ...(headers === undefined ? {} : { headers }),
  })
  await refused('the node: a call of the driver through the server', call('DeleteVolume', self), 'cannot post path')
  await refused('the account of the pod: a call of the driver through the server', call('DeleteVolume', account), 'cannot post path')
  await refused('an administrator: a call of the driver through the server', call('DeleteVolume'), 'only their controllers may')

  await reviewed(context, 'the token is the pod’s, for the driver alone', token, [audience], pod, true, signal)
  await reviewed(context, 'the token shown to another storage', token, ['storage.other'], pod, false, signal)
  const stolen = connectWith(endpoint, { token })
  try {
    await attempts.refused('the token shown to the API server', stolen, { method: 'GET', path: '/api' }, { status: 401 }, signal)
  } finally {
    await stolen[Symbol.asyncDispose]()
  }
  await client.delete(pods, name, pod.metadata.name ?? '', { gracePeriodSeconds: 0 }, signal)
  const ended = async () => ((await review(context, token, [audience], signal)).authenticated ? undefined : true)
  await within(endMs, clock, ended, signal, pollMs)
  await reviewed(context, 'the token after the pod', token, [audience], pod, false, signal)
  await refused(
    'the node, after the pod: a token for the driver',
    ask(pod, self),
    '',
    statusAfter(await request(transport, ask(pod, self), signal)),
  )
  await refused('the node, after the pod: the Secret of the mount', get(namespace.core('secrets/mount'), self), cannot('get', 'secrets'))
}

/** The account is no longer of a pod of the node, or the pod is gone: both are refusals. */
const statusAfter = ({ status }: Answer): number => (status === 404 ? 404 : 403)

function tokenOf({ text, status }: Answer): string {
  const answer = status === 201 ? parseJson(text) : undefined
  const given = isJsonObject(answer) && isJsonObject(answer['status']) ? answer['status']['token'] : undefined
  return typeof given === 'string' ? given : ''
}

interface Review {
  readonly authenticated: boolean
  readonly audiences: readonly string[]
  readonly podUid: string
}

async function review({ transport }: ProofContext, token: string, audiences: readonly string[], signal: AbortSignal): Promise<Review> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } }
  const { text } = await request(transport, { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body }, signal)
  const answer = parseJson(text)
  const status = isJsonObject(answer) && isJsonObject(answer['status']) ? answer['status'] : {}
  const extra = isJsonObject(status['user']) && isJsonObject(status['user']['extra']) ? status['user']['extra'] : {}
  const uids = extra['authentication.kubernetes.io/pod-uid']
  return {
    authenticated: status['authenticated'] === true,
    audiences: isTexts(status['audiences']) ? status['audiences'] : [],
    podUid: isTexts(uids) ? (uids[0] ?? '') : '',
  }
}

/** What a driver does with the token that a node shows. */
async function reviewed(
  context: ProofContext,
  name: string,
  token: string,
  audiences: readonly string[],
  pod: Pod,
  accepted: boolean,
  signal: AbortSignal,
): Promise<void> {
  const found = await review(context, token, audiences, signal)
  const isThePods = found.authenticated && found.podUid === pod.metadata.uid && audiences.every(each => found.audiences.includes(each))
  context.attempts.record({
    ...{ name, sent: `TokenReview for ${audiences.join(', ')}`, expected: accepted ? 'the pod' : 'not authenticated' },
    ...{ answered: isThePods ? 'the pod' : found.authenticated ? 'another identity' : 'not authenticated' },
    held: accepted ? isThePods : !found.authenticated,
  })
}
