// Time and memory of `bulkhead sbom` for an image of some 100 MB of Debian's own packages, built from this machine's files: needs Debian, tar and gzip.
// Run it alone: `node bench/sbom.ts`. With a program of Trivy in TRIVY, it is measured on the same image.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const wantedBytes = 100 * 1024 ** 2
const rounds = 5
const folder = mkdtempSync(join(tmpdir(), 'bench-sbom-'))

/** Files of packages in the order of their importance, until there are enough. */
function debianFiles(): string[] {
  const text = execFileSync('dpkg-query', ['--show', '--showformat', '$' + '{Priority}\t$' + '{Package}\n'], { encoding: 'utf8' })
  const order = ['required', 'important', 'standard', 'optional']
  const packages = text
    .trim()
    .split('\n')
    .map(line => line.split('\t'))
  packages.sort(([a = ''], [b = '']) => order.indexOf(a) - order.indexOf(b))
  const files = ['/var/lib/dpkg/status', '/etc/os-release', '/usr/lib/os-release']
  let bytes = 0
  for (const [, name = ''] of packages) {
    if (bytes > wantedBytes) break
    files.push(`/var/lib/dpkg/info/${name}.list`)
    for (const path of execFileSync('dpkg', ['-L', name], { encoding: 'utf8' }).split('\n')) {
      const stat = statSync(path, { throwIfNoEntry: false })
      if (path === '' || stat?.isFile() !== true) continue
      bytes += stat.size
      files.push(path)
    }
  }
  return [...new Set(files)].filter(path => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

function buildLayout(): { path: string; unpacked: number; packed: number; files: number } {
  const files = debianFiles()
  const list = join(folder, 'list')
  writeFileSync(list, files.join('\n'))
  const tar = join(folder, 'layer.tar')
  execFileSync('tar', ['--create', '--file', tar, '--sort=name', '--owner=0', '--group=0', '--absolute-names', '--files-from', list])
  const layer = readFileSync(tar)
  const packed = execFileSync('gzip', ['--stdout', tar], { maxBuffer: 1024 ** 3 })
  const path = join(folder, 'layout')
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true })
  const blob = (mediaType: string, content: Buffer) => {
    const hex = createHash('sha256').update(content).digest('hex')
    writeFileSync(join(path, 'blobs/sha256', hex), content)
    return { mediaType, digest: `sha256:${hex}`, size: content.length }
  }
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`
  const config = blob(
    'application/vnd.oci.image.config.v1+json',
    json({ os: 'linux', architecture, config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } }),
  )
  const layers = [blob('application/vnd.oci.image.layer.v1.tar+gzip', packed)]
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = blob(mediaType, json({ schemaVersion: 2, mediaType, config, layers }))
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(path, 'index.json'), json({ schemaVersion: 2, manifests: [manifest] }))
  return { path, unpacked: layer.length, packed: packed.length, files: files.length }
}

/** Of the process and its children, sampled. */
async function measure(program: string, args: readonly string[]): Promise<{ ms: number; peakBytes: number; lines: number }> {
  const start = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const peaks = new Map<number, number>()
  const sample = (pid: number) => {
    try {
      const [, kibibytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      peaks.set(pid, Number(kibibytes) * 1024)
      for (const each of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) if (each !== '') sample(Number(each))
    } catch {
      // It has ended between two reads.
    }
  }
  const sampling = setInterval(() => sample(child.pid ?? 0), 10)
  let lines = 0
  child.stdout.on('data', (piece: Buffer) => {
    for (const byte of piece) if (byte === 10) lines++
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  clearInterval(sampling)
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
  return { ms: performance.now() - start, peakBytes: Math.max(...peaks.values()), lines }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`

async function report(name: string, program: string, args: readonly string[]): Promise<void> {
  const runs = []
  for (let round = 0; round < rounds; round++) runs.push(await measure(program, args))
  const times = runs.map(({ ms }) => ms).sort((a, b) => a - b)
  const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes))
  const median = times[Math.floor(rounds / 2)] ?? 0
  console.log(
    `${name}: ${Math.round(median)} ms (fastest ${Math.round(times[0] ?? 0)}), peak of a process ${mebibytes(peak)}, ${runs[0]?.lines} lines`,
  )
}

try {
  const { path, unpacked, packed, files } = buildLayout()
  console.log(`image: ${files} files, ${mebibytes(unpacked)}, ${mebibytes(packed)} compressed`)
  const bundled = join(import.meta.dirname, '../dist/cli.js')
  const main = statSync(bundled, { throwIfNoEntry: false }) === undefined ? join(import.meta.dirname, '../src/cli/main.ts') : bundled
  await report('bulkhead sbom', process.execPath, [main, 'sbom', path])
  const trivy = process.env['TRIVY']
  if (trivy !== undefined)
    await report('trivy', trivy, [
      'image',
      '--input',
      path,
      '--format',
      'cyclonedx',
      '--offline-scan',
      '--cache-dir',
      join(folder, 'cache'),
      '--quiet',
    ])
} finally {
  rmSync(folder, { recursive: true })
}
