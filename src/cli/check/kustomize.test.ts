import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { maxKustomizations } from './kustomization-inputs.ts'
import { kustomize } from './kustomize.ts'
import { maxFileBytes } from './regular-file.ts'

class Repository implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'kustomize-'))
  /** Stands in for kubectl: prints its arguments and its working folder, and writes a file there, as kubectl can. */
  readonly kubectl = this.write('bin/kubectl', '#!/bin/sh\necho "$*"; echo "$GIT_ALLOW_PROTOCOL"; pwd; echo profile > profile.pprof\n')

  constructor() {
    chmodSync(this.kubectl, 0o755)
  }

  write(file: string, text: string): string {
    const path = join(this.path, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  kustomization(folder: string, text: string): string {
    return dirname(this.write(join(folder, 'kustomization.yaml'), text))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

const says = (pattern: RegExp) => (err: unknown) => err instanceof UserError && pattern.test(err.message)

test('kustomize() advises how to install a missing kubectl, and shows its error output', async () => {
  using repository = new Repository()
  const folder = repository.kustomization('x', 'resources: []')
  await assert.rejects(kustomize(folder, { kubectl: '/nothing/kubectl' }), says(/kubectl, which builds it, is not installed/))
  const failing = repository.write('kubectl', '#!/bin/sh\necho broken >&2; exit 1\n')
  chmodSync(failing, 0o755)
  await assert.rejects(kustomize(folder, { kubectl: failing }), says(/cannot build ".*x": broken/))
})

test('kustomize() passes no flag from a repository to kubectl, and removes its working folder', async () => {
  using repository = new Repository()
  const victim = repository.write('victim', 'untouched')
  const folder = repository.kustomization('--profile=cpu', 'resources: []')
  symlinkSync(victim, join(folder, 'profile.pprof'))
  const [args, git, cwd = ''] = (await kustomize(folder, { kubectl: repository.kubectl })).split('\n')
  assert.equal(args, `kustomize -- ${folder}`)
  assert.equal(git, 'none')
  assert.equal(existsSync(cwd), false)
  assert.equal(readFileSync(victim, 'utf8'), 'untouched')
})

const remoteBases = [
  'https://example.com/base.yaml',
  'HTTPS://example.com/base.yaml',
  'http://169.254.169.254/latest/meta-data',
  'https://github.com/org/repo//base?ref=v1',
  'github.com/org/repo/base',
  'git@github.com:org/repo',
  'user@host:repo.git',
  'ssh://host/repo',
  'file:///etc',
  'git::https://example.com/repo',
  'base?ref=main',
  'oci://registry.example.com/base',
]
for (const name of remoteBases)
  test(`kustomize() does not download ${name} without --allow-remote`, async () => {
    using repository = new Repository()
    // A file of that name makes no difference: kustomize looks at the name first.
    const folder = repository.kustomization('app', `resources: [../base]\n`)
    repository.kustomization('base', `resources: [${JSON.stringify(name)}]`)
    const refused = says(/base": resources names the remote source ".*"; with --allow-remote/)
    await assert.rejects(kustomize(folder, { kubectl: repository.kubectl }), refused)
    assert.match(await kustomize(folder, { kubectl: repository.kubectl, allowRemote: true }), /^kustomize -- .*app\n\n/)
  })

const url = 'https://example.com/file'
const otherFields: readonly [text: string, field: string][] = [
  [`patches: [{ path: "${url}" }]`, 'patches'],
  [`patchesJson6902: [{ path: "${url}" }]`, 'patchesJson6902'],
  [`replacements: [{ path: "${url}" }]`, 'replacements'],
  [`patchesStrategicMerge: ["${url}"]`, 'patchesStrategicMerge'],
  [`openapi: { path: "${url}" }`, 'openapi'],
  [`crds: ["${url}"]`, 'crds'],
  [`configurations: ["${url}"]`, 'configurations'],
  [`components: ["${url}"]`, 'components'],
  [`transformers: ["${url}"]`, 'transformers'],
  [`configMapGenerator: [{ name: a, files: ["key=${url}"] }]`, 'configMapGenerator'],
  [`secretGenerator: [{ name: a, envs: ["${url}"] }]`, 'secretGenerator'],
]
for (const [text, field] of otherFields)
  test(`kustomize() finds a URL in ${field}`, async () => {
    using repository = new Repository()
    const refused = says(new RegExp(`${field} names the remote source "`))
    await assert.rejects(kustomize(repository.kustomization('app', text), { kubectl: repository.kubectl }), refused)
  })

test('kustomize() builds local sources', async () => {
  using repository = new Repository()
  repository.write('app/web.yaml', 'kind: Service')
  repository.kustomization('base', 'resources: []')
  const folder = repository.kustomization(
    'app',
    `resources: [web.yaml, ../base]
images: [{ name: example.com/app, newName: user@x }]
configMapGenerator: [{ name: a, literals: ["URL=https://example.com"], files: [k=web.yaml] }]
patches: [{ patch: "- op: remove\\n  path: /a" }]
patchesStrategicMerge: ["a: 1\\nb: https://example.com"]
`,
  )
  assert.match(await kustomize(folder, { kubectl: repository.kubectl }), /^kustomize -- /)
})

test('kustomize() opens no devices, FIFOs or large files, and stops at circular references', async () => {
  using repository = new Repository()
  const build = (text: string) => kustomize(repository.kustomization('app', text), { kubectl: repository.kubectl })
  await assert.rejects(build('resources: [/dev/zero]'), says(/it is not a regular file/))
  execFileSync('mkfifo', [join(repository.path, 'app', 'pipe')])
  await assert.rejects(build('configMapGenerator: [{ name: a, files: [k=pipe] }]'), says(/it is not a regular file/))
  truncateSync(repository.write('app/large.yaml', ''), maxFileBytes + 1)
  await assert.rejects(build('resources: [large.yaml]'), says(/the limit is/))
  repository.kustomization('other', 'resources: [../app]')
  assert.match(await build('resources: [../other]'), /^kustomize/)
  for (let at = 0; at <= maxKustomizations; at++) repository.kustomization(`chain/${at}`, `resources: [../${at + 1}]`)
  await assert.rejects(build('resources: [../chain/0]'), says(/refers to more than 1000 kustomizations/))
})
