// Clusters for testing proofs: the real one in this process, and one without any control, both reached over TLS as from outside.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { administratorsGroup } from '../access/access.ts'
import { AuditLog } from '../access/audit/audit-log.ts'
import { readAuthenticationConfiguration } from '../access/jwt/read-configuration.ts'
import { createKeyAndCsr } from '../access/pki/key-and-csr.ts'
import { readEndpoint } from '../admission/webhook/client-identity.ts'
import { memoryRegistries } from '../artifacts/artifacts.testing.ts'
import { findingsBench } from '../artifacts/findings/findings.testing.ts'
import type { FeedImport } from '../artifacts/findings/image-software.ts'
import { httpsRegistries } from '../artifacts/https-registries.ts'
import type { Registries } from '../artifacts/image-verifier.ts'
import { signatureVerifier } from '../artifacts/signature-verifier.ts'
import { formatTime, systemClock } from '../base/clock.ts'
import { parseJson } from '../base/json.ts'
import { silentLogger } from '../base/log.ts'
import { createRegistry } from '../base/metrics/metrics.ts'
import { checkManifests } from '../cli/prove/check-manifests.ts'
import { sbomWork } from '../cli/sbom/sbom-work.ts'
import { Client } from '../client/client.ts'
import { FollowedMirrors } from '../client/followed-mirrors.ts'
import { configMaps } from '../client/resources.ts'
import { createHttpTransport } from '../client/transport/http-transport.ts'
import { parseKubeconfig } from '../client/transport/kubeconfig.ts'
import { authenticationScope } from '../cluster/access/token-issuers.ts'
import { checkpointSignerOf } from '../cluster/audit-signer.ts'
import { bootstrap } from '../cluster/bootstrap/bootstrap.ts'
import { registryHosting } from '../cluster/bootstrap/registry-hosting.ts'
import { issueIdentity } from '../cluster/client-identity.ts'
import { openControlPlane } from '../cluster/control-plane.ts'
import { signerSealer } from '../cluster/signer-sealer.ts'
import { type StartClusterOptions, startClusterParts } from '../cluster/start-cluster.ts'
import { addStray, runStray } from '../node/run-stray.ts'
import type { ApiServer } from '../server/api-server.ts'
import { Listener } from '../server/http/listener.ts'
import { TestServer, testUser } from '../server/testing.ts'
import { type KeyMaterial, newKeyMaterial } from '../signer/key-material.ts'
import { createKeySigner } from '../signer/key-signer.ts'
import { createMemorySigner } from '../signer/memory-signer.ts'
import type { AuthorityName, Signer } from '../signer/signer.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { importFeed } from '../supply-chain/advisories/database/import-feed.ts'
import { readPublicKey } from '../supply-chain/advisories/database/verify-feed.ts'
import { feedFormats } from '../supply-chain/advisories/sources/index.ts'
import { parseSoftware } from '../supply-chain/packages/parse-software.ts'
import type { Software } from '../supply-chain/packages/software.ts'
import { verifyTree } from './oracles/audit-tree.ts'
import type { ClusterContext, ClusterMachine, IssuerSettings, StartedCluster } from './proof.ts'

export interface ProvableCluster extends AsyncDisposable {
  readonly context: ClusterContext
}

/** Proofs that these clusters skip: they need a node that runs containers, a data directory, or the command of the build. */
export const elsewhere: ReadonlySet<string> = new Set(['A1', 'C4', 'D3', 'N1', 'N3', 'O12', 'O13', 'T2', 'T3', 'T4'])

const limit = () => AbortSignal.timeout(60_000)
const own: ClusterMachine = { parts: [] }
/** Nothing listens there; simulated nodes pull whatever they are told to. */
const registryHost = 'registry.invalid:5000'

/** A bare API server that trusts these issuers and this token webhook. */
async function issuerCluster({ authentication, tokenWebhook }: IssuerSettings): Promise<StartedCluster> {
  const { cluster } = await startClusterParts({
    ...{ controllers: false, simulatedNodes: 0, bootstrapTokens: true },
    authentication: readAuthenticationConfiguration(JSON.stringify(authentication), 'of the proof', authenticationScope),
    tokenWebhook: { endpoint: readEndpoint(tokenWebhook, 'of the proof'), version: 'v1', cacheMs: 0 },
  })
  const { namespace: _, ...config } = await parseKubeconfig(await cluster.kubeconfig(), 'kubeconfig', () =>
    Promise.reject(new Error('no file')),
  )
  const transport = createHttpTransport(config)
  return {
    endpoint: { server: config.server, ca: config.ca },
    transport,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}

const catalogue = async (folder: string, signal: AbortSignal): Promise<Software> =>
  parseSoftware(parseJson(JSON.stringify(await sbomWork.run({ kind: 'layout', name: folder }, [folder], signal))))

/** As `bulkhead advisories import` does it in a process of its own. */
const importFetched: FeedImport = async ({ name, format, file, signature, publicKey, folder }) => {
  const found = feedFormats.find(each => each.name === format) ?? assert.fail(`no format ${format}`)
  const signed = { key: readPublicKey(readFileSync(publicKey, 'utf8'), publicKey), signature: readFileSync(signature) }
  await importFeed(found, file, folder, { name, signed, now: Date.now() })
}

/** `startCluster()` with its TLS listener, and registries without images, but for those with a mirror. */
export async function provableCluster(options: StartClusterOptions = {}): Promise<ProvableCluster> {
  const material = newKeyMaterial()
  const signer = createKeySigner(material, options.clock ?? systemClock)
  const empty = memoryRegistries()
  let mirrors: FollowedMirrors | undefined
  const mirrored = httpsRegistries({
    clock: options.clock ?? systemClock,
    mirrors: { of: registry => mirrors?.of(registry), credentials: mirror => mirrors?.credentials(mirror) },
  })
  const hasMirror = (repository: string): boolean => mirrors?.of(repository.split('/')[0] ?? '') !== undefined
  const registries: Required<Registries> = {
    open: (repository, credentials) => (hasMirror(repository) ? mirrored : empty).open(repository, credentials),
    tags: async (repository, credentials, signal) => (hasMirror(repository) ? await mirrored.tags(repository, credentials, signal) : []),
  }
  const bench = findingsBench({ ...(options.clock === undefined ? {} : { clock: options.clock }), catalogue })
  const { findings, scratch, advisories, fetched } = bench
  const software = { findings, scratch, advisories: [advisories, fetched], fetched, importFeed: importFetched }
  let mirrorsChanged = (): void => undefined
  const onMirrorsChange = (handler: () => void) => {
    mirrorsChanged = handler
  }
  const images = { registries, verifier: signatureVerifier, software, onMirrorsChange }
  const { cluster, server, runtimes } = await startClusterParts({ images, registryHosts: [registryHost], ...options }, { signer })
  server.nodeTunnels.register('node-1', openEndedNode)
  const stop = new AbortController()
  mirrors = new FollowedMirrors({ client: cluster.client, clock: systemClock, log: silentLogger, random: Math.random })
  mirrors.onChange(() => mirrorsChanged())
  const following = mirrors.run(stop.signal)
  const { namespace: _, ...config } = await parseKubeconfig(await cluster.kubeconfig(), 'kubeconfig', () =>
    Promise.reject(new Error('no file')),
  )
  const transport = createHttpTransport(config)
  return {
    context: {
      endpoint: { server: config.server, ca: config.ca },
      transport,
      client: new Client(transport),
      clock: systemClock,
      checkManifests,
      machine: {
        ...own,
        startWith: issuerCluster,
        runStray: (uid, signal) => runStray(runtimes[0] ?? assert.fail('no node'), uid, signal),
        addStray: (pod, signal) => addStray(runtimes[0] ?? assert.fail('no node'), pod, signal),
        keys: async () => ({
          client: await authorityOf(material, signer, 'client'),
          others: {
            serving: await authorityOf(material, signer, 'serving'),
            'front-proxy': await authorityOf(material, signer, 'front-proxy'),
            'kubelet-serving': await authorityOf(material, signer, 'kubelet-serving'),
            registry: await authorityOf(material, signer, 'registry'),
          },
          token: material.tokenKeys[0] ?? assert.fail('no token key'),
        }),
        tokenKeys: async signal => (await signer.tokenKeys(signal)).map(({ publicKey }) => publicKey),
        readAuditLog: async isWanted => {
          const all: Readonly<Record<string, unknown>>[] = cluster.auditEvents().map(event => ({ ...event, kind: 'Event' }))
          return { events: all.filter(({ auditID }) => isWanted(String(auditID))), count: all.length, problems: [] }
        },
      },
    },
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      stop.abort()
      await following
      await cluster[Symbol.asyncDispose]()
      mirrored[Symbol.dispose]()
      await bench[Symbol.asyncDispose]()
    },
  }
}

/** A node that begins each stream of a pod and never ends it: simulated ones serve none. */
const openEndedNode: Parameters<ApiServer['nodeTunnels']['register']>[1] = async (request, signal) => {
  if (request.kind === 'kubelet')
    return {
      status: 200,
      contentType: 'application/json',
      stream: Duplex.from([request.path === 'stats/usage' ? '{"containers":[]}' : '{"items":[]}']),
    }
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done(), final: done => done() })
  if (request.kind === 'dial') stream.push(head)
  signal.addEventListener('abort', () => stream.destroy(), { once: true })
  return { status: 200, contentType: 'text/plain', stream }
}

const authorityOf = async ({ authorities }: KeyMaterial, signer: Signer, name: AuthorityName) => ({
  certificate: await signer.authority(name, limit()),
  key: authorities[name].privateKey,
})

/** A server that treats everybody as an administrator, admits everything and records nothing. */
export async function openCluster(): Promise<ProvableCluster> {
  const signer = createMemorySigner()
  const test = new TestServer({
    clock: systemClock,
    authenticate: async () => ({ outcome: 'authenticated', user: testUser, credentialId: 'none', authenticator: 'none' }),
    anonymousPaths: 'all',
    audit: { record: () => undefined },
    reviewRegistryToken: async () => ({ outcome: 'authenticated', user: testUser, credentialId: 'none', authenticator: 'none' }),
    issueToken: async () => ({
      ...{ token: fakeToken, audiences: ['all'], credentialId: 'JTI=fake', warnings: [] },
      ...{ expirationSeconds: 600, expirationTimestamp: formatTime(Date.now() + 600_000) },
    }),
  })
  const { listener, transport, endpoint } = await listen(test.server, signer)
  await new Client(transport).create(configMaps, 'kube-public', registryHosting({ hosts: [registryHost] }), limit())
  return {
    context: {
      ...{ endpoint, transport, client: new Client(transport), clock: systemClock },
      machine: { ...own, readAuditLog: async () => ({ events: [], count: 0, problems: [] }) },
    },
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      await test[Symbol.asyncDispose]()
      await signer[Symbol.asyncDispose]()
    },
  }
}

/** A control plane on disk: sealed store and audit log in a temporary folder. */
export async function storedCluster(): Promise<ProvableCluster & { readonly directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'prove-'))
  const [server, audit] = [join(directory, 'server'), join(directory, 'server', 'audit')]
  mkdirSync(server)
  const stop = new AbortController()
  const signer = createMemorySigner()
  const store = await openSqliteStore({
    directory: server,
    sealer: signerSealer(signer, stop.signal),
    clock: systemClock,
    log: silentLogger,
  })
  const log = await AuditLog.open({
    directory: audit,
    clock: systemClock,
    log: silentLogger,
    signer: await checkpointSignerOf(signer, stop.signal),
  })
  const api = await openControlPlane({
    ...{ store, signer, audit: log, profile: 'secure', serviceCidr: '10.96.0.0/16', clock: systemClock, log: silentLogger },
    ...{ metrics: createRegistry(), signal: stop.signal },
  })
  await bootstrap({ server: api, store, signer, namespaceDefaults: false, signal: stop.signal })
  const { listener, transport, endpoint } = await listen(api, signer)
  return {
    directory,
    context: {
      ...{ endpoint, transport, client: new Client(transport), clock: systemClock },
      machine: {
        ...own,
        dataDirectory: directory,
        readAuditLog: async isWanted => verifyTree(audit, await signer.auditKey(limit()), isWanted),
      },
    },
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await listener[Symbol.asyncDispose]()
      stop.abort()
      await api[Symbol.asyncDispose]()
      await log[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      await signer[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

/** Well-formed, but without a valid signature. */
const fakeToken = ['{"alg":"ES256"}', '{"sub":"nobody","exp":1}', 'x'].map(part => Buffer.from(part).toString('base64url')).join('.')

async function listen(server: ApiServer, signer: Signer) {
  const { keyPem, csr } = await createKeyAndCsr({ commonName: 'kube-apiserver' })
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], organizations: [], lifetimeSeconds: 3600 }
  const certificate = await signer.issueCertificate({ authority: 'serving', csr, commonName: 'kube-apiserver', ...names }, limit())
  const [ca, clientAuthorities] = await Promise.all([signer.authority('serving', limit()), signer.authority('client', limit())])
  const admin = await issueIdentity(signer, 'bulkhead-admin', [administratorsGroup], 3600, limit())
  const serving = { certificate, key: keyPem }
  const listener = new Listener({ hosts: ['127.0.0.1'], port: 0, serving, clientAuthorities, handle: server.handle, log: silentLogger })
  const { port } = await listener.listen()
  const endpoint = { server: `https://127.0.0.1:${port}`, ca }
  return { listener, transport: createHttpTransport({ ...endpoint, ...admin }), endpoint }
}
