import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { kustomize } from './kustomize.ts'
import { maxFileBytes } from './regular-file.ts'
import { readSources } from './sources.ts'

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sources-'))

  write(file: string, text = ''): string {
    const path = join(this.path, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

const parts = (stdin = '') => ({ stdin: Readable.from([Buffer.from(stdin)]), kustomize: async (folder: string) => `built ${folder}` })
const says = (pattern: RegExp) => (err: unknown) => err instanceof UserError && pattern.test(err.message)

test('readSources() reads manifests of a folder in order of name, but no links and no files of other tools', async () => {
  using folder = new Folder()
  for (const file of ['b.yaml', 'a/c.yml', 'd.json', 'notes.txt', '.git/e.yaml', 'node_modules/f.yaml']) folder.write(file, file)
  symlinkSync(folder.path, join(folder.path, 'circle'))
  symlinkSync('/etc/hostname', join(folder.path, 'z.yaml'))
  const { texts } = await readSources([folder.path], parts())
  assert.deepEqual(
    texts.map(({ text, found }) => [text, found]),
    [
      ['a/c.yml', true],
      ['b.yaml', true],
      ['d.json', true],
    ],
  )
})

test('readSources() builds every folder with a kustomization, except components', async () => {
  using folder = new Folder()
  folder.write('base/kustomization.yaml', 'resources: []')
  folder.write('base/patch.yaml', 'not read')
  folder.write('part/Kustomization', 'kind: Component')
  const { texts } = await readSources([folder.path], parts())
  assert.deepEqual(
    texts.map(({ file, text, madeBy }) => [file, text, madeBy]),
    [[join(folder.path, 'base'), `built ${join(folder.path, 'base')}`, 'kustomize']],
  )
  assert.equal((await readSources([join(folder.path, 'part')], parts())).texts.length, 1)
})

test('readSources() reads the standard input once', async () => {
  assert.deepEqual((await readSources(['-'], parts('a: 1'))).texts, [{ file: '-', text: 'a: 1', found: false, madeBy: 'stdin' }])
  await assert.rejects(readSources(['-', '-'], parts('')), says(/only once/))
})

test('readSources() reports what it cannot read', async () => {
  using folder = new Folder()
  await assert.rejects(readSources(['/nothing/here'], parts()), says(/Cannot read "\/nothing\/here"/))
  await assert.rejects(readSources([folder.path], parts()), says(/no manifest/))
  folder.write('chart/Chart.yaml')
  await assert.rejects(readSources([join(folder.path, 'chart')], parts()), says(/helm template .*chart \| bulkhead check -/))
  const large = folder.write('large.yaml')
  truncateSync(large, maxFileBytes + 1)
  await assert.rejects(readSources([large], parts()), says(/the limit is/))
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(1024 * 1024)
    })(),
  )
  await assert.rejects(readSources(['-'], { ...parts(), stdin: endless }), says(/stdin has more/))
})

test('readSources() skips Helm charts below a folder and reports them', async () => {
  using folder = new Folder()
  folder.write('a.yaml', 'a: 1')
  folder.write('charts/web/Chart.yaml')
  folder.write('charts/web/templates/deployment.yaml', '{{ .Values }}')
  const { texts, charts } = await readSources([folder.path], parts())
  assert.deepEqual([texts.map(({ text }) => text), charts], [['a: 1'], [join(folder.path, 'charts/web')]])
})

test('readSources() reads neither FIFOs nor targets of links', async () => {
  using folder = new Folder()
  execFileSync('mkfifo', [join(folder.path, 'pipe.yaml')])
  await assert.rejects(readSources([join(folder.path, 'pipe.yaml')], parts()), says(/not a regular file/))
  await assert.rejects(readSources([folder.path], parts()), says(/no manifest/))
  symlinkSync('/dev/zero', join(folder.path, 'kustomization.yaml'))
  await assert.rejects(readSources([folder.path, '-'], { ...parts(), kustomize }), says(/it is a link, and links are not followed/))
  mkdirSync(join(folder.path, 'below'))
  symlinkSync('/dev/zero', join(folder.path, 'below', 'Kustomization'))
  await assert.rejects(readSources([join(folder.path, 'below')], { ...parts(), kustomize }), says(/it is a link/))
})
