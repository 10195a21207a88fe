// `bulkhead up`: prepares the data directory, starts the parts in order, prints what runs, and stops them in reverse order.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemMasters } from '../../access/access.ts'
import { readFeatures } from '../../api/features.ts'
import { systemClock } from '../../base/clock.ts'
import { type Config, createConfig, defaultDataDirectory, readSettingsFile, type Settings, thisMachine } from '../../base/config/config.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import { createLogger, type Logger } from '../../base/log.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { collectOwnStart } from '../../base/v8/collect-start.ts'
import { accountName, accountOrganizations, issueIdentity } from '../../cluster/client-identity.ts'
import { openApiAddress } from '../../network/api-address.ts'
import { thresholdsWith } from '../../node/eviction/thresholds.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { defaultPodCidr } from '../../node/pod/pod-network.ts'
import { supervisorName } from '../../server/request/break-glass.ts'
import { connectSigner } from '../../signer/connect.ts'
import type { Signer } from '../../signer/signer.ts'
import { partCode } from '../../supply-chain/release/part-code.ts'
import { verifiedPackage } from '../../supply-chain/release/verified-package.ts'
import { bulkheadVersion } from '../terminal/version.ts'
import { type AccessFiles, followAccessFiles, readAccessFiles, statesOf } from './access-files.ts'
import { clusterAddresses } from './addresses.ts'
import { keepAdminKubeconfig } from './admin-kubeconfig.ts'
import { backupOfRun } from './backup-of-run.ts'
import { ensureBreakGlassKubeconfig } from './break-glass-kubeconfig.ts'
import { takeControlSocket } from './control-socket.ts'
import { type DataDirectory, explained, layout, takeDataDirectory } from './data-directory.ts'
import { entryScript } from './entry-script.ts'
import { controlPlaneOfRun, etcdOfRun, etcdProgram } from './etcd-of-run.ts'
import { refuseJoined } from './joined-record.ts'
import { launchUnits } from './launch-unit.ts'
import { apiReady, greeting, pluginsWarning, profileWarning, stopping } from './messages.ts'
import { checkNodePrograms } from './node-programs.ts'
import { type PartInput, partDefinitions } from './part-definitions.ts'
import { type Identity, partIdentity } from './part-identities.ts'
import { readAdmission } from './read-admission.ts'
import { auditOutputsOf } from './read-audit-config.ts'
import { auditPolicyOf } from './read-audit-policy.ts'
import { dataClassesOf } from './read-data-classes.ts'
import { readEtcd } from './read-etcd.ts'
import { tokenWebhookOf } from './read-token-webhook.ts'
import { readRegistryAuthorities } from './registry-authorities.ts'
import { registryOfRun } from './registry-of-run.ts'
import { dockerRegistryProgram } from './registry-parts.ts'
import { partCertificateSeconds, RenewedIdentity } from './renewed-identity.ts'
import { runtimeFor } from './runtime.ts'
import { aborted, stopSignal } from './stop-signal.ts'
import { Supervisor } from './supervisor.ts'

const supervisorSeconds = 3600

export interface UpFlags extends Settings {
  readonly config?: string
  /** The starter of a package has verified it with this key already. */
  readonly packageKey?: string
}

export async function up({ config: file, packageKey, ...flags }: UpFlags): Promise<void> {
  if (packageKey !== undefined && verifiedPackage() === undefined)
    throw new UserError(
      '--package-key is for the published package, whose files have a manifest; this is a clone, which is built from its sources',
    )
  const config = createConfig(thisMachine(process.env), file === undefined ? {} : await readSettingsFile(file), flags)
  const admission = readAdmission(config)
  const features = readFeatures(config)
  // Validates before anything is created.
  thresholdsWith(config.evictionHard)
  const auditPolicy = await auditPolicyOf(config)
  const auditOutputs = await auditOutputsOf(config)
  const dataClasses = await dataClassesOf(config)
  const files = await readAccessFiles(config)
  const tokenWebhook = await tokenWebhookOf(config)
  const etcd = await readEtcd(config.etcd, systemClock.now())
  const backup = await backupOfRun(config.backupFile)
  const stop = stopSignal()
  const print = (text: string) => process.stdout.write(`${text}\n`)
  if (config.node.kind === 'real') checkNodePrograms(existsSync)
  if (config.registry) dockerRegistryProgram()
  if (config.ha) etcdProgram()
  const identity = process.getuid?.() === 0 ? partIdentity(config.dataDirectory, layout(config.dataDirectory).signer) : undefined
  const { directory, lock } = await takeDataDirectory(config.dataDirectory, identity, config)
  using _held = lock
  refuseJoined(directory)
  if (config.profile === 'upstream') print(profileWarning)
  if (config.insecureDisableAdmissionPlugins.length > 0) print(pluginsWarning(config.insecureDisableAdmissionPlugins))
  const settings = { admission, features, auditPolicy, auditOutputs, dataClasses, tokenWebhook, etcd, files, backup }
  await run(config, settings, directory, identity, stop, print)
}

async function run(
  config: Config,
  {
    files,
    ...settings
  }: Pick<PartInput, 'admission' | 'features' | 'auditPolicy' | 'auditOutputs' | 'dataClasses' | 'tokenWebhook' | 'etcd' | 'backup'> & {
    readonly files: AccessFiles
  },
  directory: DataDirectory,
  identity: Identity | undefined,
  stop: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  const script = entryScript()
  const addresses = clusterAddresses(config)
  const log = createLogger({ part: 'up', level: config.logLevel })
  await using stack = new AsyncDisposableStack()
  if (addresses.podsOnly !== undefined) stack.use(await openAddressForPods(addresses.podsOnly, directory))
  const command = await runtimeFor(script, config.dataDirectory, identity !== undefined)
  const code = partCode(verifiedPackage(), command[1])
  const units = config.systemdService === undefined ? undefined : { service: config.systemdService, directory }
  const supervisor = new Supervisor({
    command,
    ...(units === undefined ? {} : { launch: launchUnits(units) }),
    ...(code === undefined ? {} : { verifyCode: () => code.verify() }),
    logLevel: config.logLevel,
    clock: systemClock,
    log,
    stopping: stop,
    onRestart: (part, exit, delayMs) => print(`The ${part} ended (${exit}); it is restarted in ${delayMs} ms.`),
  })
  let isReady = false
  stack.use(
    await takeControlSocket(directory.supervisorSocket, () => ({
      version: bulkheadVersion,
      pid: process.pid,
      server: addresses.server,
      profile: config.profile,
      pluginsOff: config.insecureDisableAdmissionPlugins,
      ...(code === undefined ? {} : { package: code.facts }),
      parts: supervisor.states(),
      isReady,
    })),
  )
  stack.use(supervisor)
  const signer = stack.use(connectSigner(directory.signerSockets.admin))
  const member = config.ha ? await controlPlaneOfRun(config, directory, addresses.advertised ?? '127.0.0.1') : undefined
  const servingAuthority = () => signer.authority('serving', stop)
  const ownIdentity = () => issueIdentity(signer, supervisorName, [systemMasters], supervisorSeconds, stop)
  const registry = config.registry ? registryOfRun(signer, addresses, config.registryPort, stop) : undefined
  const identityFor = (name: string, account: string) =>
    new RenewedIdentity({
      ...{ name, clock: systemClock, log, random: Math.random },
      issue: () => issueIdentity(signer, accountName(account), accountOrganizations, partCertificateSeconds, stop),
      send: renewed => supervisor.change(name, renewed),
    })
  const dnsIdentity = identityFor('dns', 'cluster-dns')
  const artifactsIdentity = identityFor('artifacts', 'artifacts')
  const backupIdentity = identityFor('backups', 'backup')
  const registryAuthorities = () =>
    readRegistryAuthorities(nodeDirectory(directory.node).registryConfig, (path, problem) =>
      log.error('authorities of a registry are not used', { path, problem }),
    )
  const configurations = () => statesOf(files)
  const parts = partDefinitions({
    config,
    ...settings,
    directory,
    identity,
    addresses,
    servingAuthority,
    ownIdentity,
    dnsIdentity: () => dnsIdentity.forStart(),
    artifactsIdentity: () => artifactsIdentity.forStart(),
    backupIdentity: () => backupIdentity.forStart(),
    registry,
    registryAuthorities,
    configurations,
    etcdOfRun: member && etcdOfRun(member, directory, signer, stop),
  })
  // As a service it has not the rights for it; "bulkhead node clean-up" runs after its end.
  const nodeParts = units === undefined ? parts.nodes : parts.nodes.map(({ cleanUp: _, ...part }) => part)
  for (const part of nodeParts) supervisor.expect(part)
  const followed = new AbortController()
  const following = followAccessFiles(files, states => supervisor.change(parts.server.name, states), log, followed.signal)
  stack.defer(async () => {
    followed.abort('stop')
    await following
  })

  const started = (async () => {
    const signerReady = supervisor.start(parts.signer)
    const etcdReady = Promise.all(parts.etcd.map(part => supervisor.start(part)))
    const serverReady = supervisor.start(parts.server)
    const controllersReady = config.apiServerOnly ? serverReady : supervisor.start(parts.controllers, serverReady)
    const artifactsReady = config.apiServerOnly ? serverReady : serverReady.then(() => supervisor.start(parts.artifacts))
    const backupReady = serverReady.then(() => Promise.all(parts.backup.map(part => supervisor.start(part))))
    const registryReady = serverReady.then(() => Promise.all(parts.registry.map(part => supervisor.start(part))))
    // All are awaited below; a failure of one must not be an unhandled rejection while another is awaited.
    for (const ready of [etcdReady, serverReady, controllersReady, artifactsReady, registryReady, backupReady]) ready.catch(() => undefined)
    await signerReady
    await writeAccess(directory, addresses.server, signer, log, stop)
    if (registry !== undefined) await ensureFile(directory.registryAuthority, await registry.authority(), 0o644)
    await etcdReady
    await serverReady
    if (parts.nodes.length > 0) print(apiReady(addresses.server))
    await Promise.all([controllersReady, artifactsReady, registryReady, backupReady, ...nodeParts.map(part => supervisor.start(part))])
    // Never rejects: a failed renewal is logged and tried again.
    for (const renewed of [dnsIdentity, artifactsIdentity, backupIdentity]) void renewed.keep(stop)
    const isDefault = config.dataDirectory === defaultDataDirectory(thisMachine(process.env))
    const example = fileURLToPath(new URL('../../examples/hello.yaml', import.meta.url))
    // A service has no folder of a user.
    const currentFolder = units === undefined ? process.cwd() : directory.path
    print(greeting({ config, directory, server: addresses.server, registry: registry?.hosts[0], isDefault, example, currentFolder }))
    isReady = true
    await collectOwnStart(log, stop)
  })()
  await Promise.race([started, aborted(stop)])
  await aborted(stop)
  print(stopping)
}

/** The files by which people reach the cluster and verify its reports. The administrator's certificate is renewed until the stop. */
async function writeAccess(directory: DataDirectory, server: string, signer: Signer, log: Logger, stop: AbortSignal): Promise<void> {
  const { publicKey } = await signer.evidenceKey(stop)
  const { rootKey, logKey } = await signer.auditKey(stop)
  try {
    await ensureBreakGlassKubeconfig(directory.breakGlass, server, signer, systemClock.now(), stop)
    await ensureFile(directory.evidenceKey, publicKey, 0o644)
    await ensureFile(directory.auditKeys, `${rootKey}\n${logKey}\n`, 0o644)
    await keepAdminKubeconfig({ path: directory.kubeconfig, server, signer, clock: systemClock, log }, stop)
  } catch (err) {
    throw explained(err, directory.path)
  }
}

async function openAddressForPods(address: string, directory: DataDirectory): Promise<AsyncDisposable> {
  try {
    return await openApiAddress({ address, id: nodeDirectory(directory.node).id, localPods: defaultPodCidr })
  } catch (err) {
    const what = `Cannot give this machine the address ${address}, at which pods reach the API server: ${messageOf(err)}`
    throw new UserError(`${what}. Choose another of its addresses with --bind-address, or start with --simulated-nodes 1`, { cause: err })
  }
}
