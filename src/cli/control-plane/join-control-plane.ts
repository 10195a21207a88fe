// `bulkhead join --control-plane`: gets the keys of the cluster for this machine, and runs a signer, a member of etcd, a server and the rest.
import { parseTicket } from '../../access/credentials/join-ticket.ts'
import { createKeyAndCsr } from '../../access/pki/key-and-csr.ts'
import type { CertificateSigningRequest } from '../../api/types/certificates-v1.ts'
import { systemClock } from '../../base/clock.ts'
import { createConfig, type Settings, thisMachine } from '../../base/config/config.ts'
import { Secret } from '../../base/config/secret.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import { newTransferKey, openSealed, proofOf } from '../../signer/key-transfer.ts'
import { writeKeys } from '../../signer/transferred-keys.ts'
import { refuseOwnCluster } from '../join/joined-cluster.ts'
import { nodeOfTicket } from '../join/redeemable-ticket.ts'
import { fetchAuthority, parseDigest } from '../join/server-authority.ts'
import { clusterAddresses } from '../up/addresses.ts'
import { readControlPlane, writeControlPlane } from '../up/control-plane-record.ts'
import { layout, takeDataDirectory } from '../up/data-directory.ts'
import { etcdProgram } from '../up/etcd-of-run.ts'
import { partIdentity } from '../up/part-identities.ts'
import { stopSignal } from '../up/stop-signal.ts'
import { up } from '../up/up.ts'
import { type Bundle, bundleOf } from './bundle.ts'
import { bundleAnnotation, mailboxOf, refusalAnnotation, requestAnnotations } from './mailbox.ts'

export interface JoinControlPlaneFlags extends Settings {
  readonly ticket?: string
  readonly caDigest?: string
  /** The secret of the printed line. */
  readonly controlPlane: string
}

const pollMs = 500
/** The other machine polls, and its administrator watches it. */
const keysMs = 60_000

/** Rejects with a UserError; then nothing of this machine is part of the cluster. */
export async function joinControlPlane(
  address: string | undefined,
  { ticket, caDigest, controlPlane, ...settings }: JoinControlPlaneFlags,
): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new UserError('The parts of a control plane run as users of their own, so this needs root: start it with sudo')
  if (address === undefined || ticket === undefined || caDigest === undefined)
    throw new UserError('Give the whole line that "bulkhead join-ticket create --node NAME --control-plane" prints on the first machine')
  etcdProgram()
  const config = createConfig(thisMachine(process.env), settings)
  const planned = layout(config.dataDirectory)
  refuseOwnCluster(planned)
  if ((await readControlPlane(planned.controlPlane)) !== undefined)
    throw new UserError(`The data directory "${planned.path}" is part of a control plane already: start it with "bulkhead up --ha"`)
  const server = new URL(address)
  const ca = await fetchAuthority(server, parseDigest(caDigest))
  const secret = new Secret(ticket)
  const node = await nodeOfTicket(server.origin, ca, secret, () => systemClock.now())
  const own = clusterAddresses(config).advertised
  if (own === undefined || own.startsWith('127.'))
    throw new UserError('This machine has no address for the others: name one with --advertise-address')
  const bundle = await requestKeys({ server: server.origin, ca, ticket: secret, controlPlane, node, address: own })
  const identity = partIdentity(config.dataDirectory, planned.signer)
  const { directory, lock } = await takeDataDirectory(config.dataDirectory, identity, { ha: true })
  try {
    await writeKeys(directory.signer, bundle.keys, identity.signer)
    await writeControlPlane(directory.controlPlane, bundle.record)
  } finally {
    lock[Symbol.dispose]()
  }
  await up({ ...settings, ...bundle.settings, ha: true, nodeName: node, advertiseAddress: own, etcdPort: bundle.record.etcdPort })
}

interface KeysRequest {
  readonly server: string
  readonly ca: string
  readonly ticket: Secret
  readonly controlPlane: string
  readonly node: string
  readonly address: string
}

async function requestKeys({ server, ca, ticket, controlPlane, node, address }: KeysRequest): Promise<Bundle> {
  const ticketId = parseTicket(ticket.reveal())?.id ?? ''
  const { publicKey, privateKey } = newTransferKey()
  const transfer = { ticketId, node, address, publicKey }
  await using transport = createHttpTransport({ server, ca, userAgent: 'bulkhead-join', token: () => ticket.reveal() })
  const client = new Client(transport)
  const signal = AbortSignal.any([stopSignal(), AbortSignal.timeout(keysMs)])
  const name = mailboxOf(ticketId)
  try {
    await client.create(
      certificateSigningRequests,
      '',
      await mailboxObject(name, node, requestAnnotations(transfer, proofOf(controlPlane, transfer))),
      signal,
    )
    for (;;) {
      const { metadata } = await client.get(certificateSigningRequests, '', name, signal)
      const refusal = metadata.annotations?.[refusalAnnotation]
      if (refusal !== undefined) throw new UserError(`The first machine refused: ${refusal}`)
      const sealed = metadata.annotations?.[bundleAnnotation]
      if (sealed !== undefined) return bundleOf(openSealed(controlPlane, transfer, privateKey, sealed))
      await systemClock.sleep(pollMs, signal)
    }
  } catch (err) {
    if (err instanceof UserError) throw err
    const why = signal.aborted
      ? `no keys came within ${keysMs / 1000} s. Does "bulkhead join-ticket create" still wait there?`
      : messageOf(err)
    throw new UserError(`Cannot join the control plane at ${server}: ${why}`, { cause: err })
  }
}

/** Its certificate is not used: the machine makes those of its parts itself. */
async function mailboxObject(name: string, node: string, annotations: Record<string, string>): Promise<CertificateSigningRequest> {
  const { csr } = await createKeyAndCsr({ commonName: `system:node:${node}`, organizations: ['system:nodes'] })
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${csr
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, annotations },
    spec: {
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      request: Buffer.from(pem).toString('base64'),
      usages: ['digital signature', 'client auth'],
    },
  }
}
