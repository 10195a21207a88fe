import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { authorityFiles, readRegistryAuthorities } from './registry-authorities.ts'

test('authorityFiles() finds the files of a hosts.toml', () => {
  const text = `server = "https://registry.example.com"
ca = "/etc/ca.crt"

[host."https://mirror.example.com"]
  capabilities = ["pull"]
  ca = ["a.crt", 'b.crt', "a.crt"]
  # ca = "not.crt"
`
  assert.deepEqual(authorityFiles(text), ['/etc/ca.crt', 'a.crt', 'b.crt'])
  assert.deepEqual(authorityFiles('server = "x"'), [])
})

test('readRegistryAuthorities() reads them by host, and warns of what cannot be read', async context => {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-registries-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const host = (name: string, text: string) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'hosts.toml'), text)
  }
  host('registry.example.com:5000', 'ca = ["one.crt", "two.crt"]\n')
  writeFileSync(join(folder, 'registry.example.com:5000', 'one.crt'), 'ONE')
  writeFileSync(join(folder, 'registry.example.com:5000', 'two.crt'), 'TWO')
  host('missing.example.com', 'ca = "none.crt"\n')
  host('plain.example.com', 'server = "https://plain.example.com"\n')
  mkdirSync(join(folder, 'empty.example.com'))
  const warnings: string[] = []
  const found = await readRegistryAuthorities(folder, (path, problem) => void warnings.push(`${path}: ${problem}`))
  assert.deepEqual(found, { 'registry.example.com:5000': 'ONE\nTWO' })
  assert.match(warnings.join(), /missing\.example\.com\/hosts\.toml: .*none\.crt/)
  assert.deepEqual(await readRegistryAuthorities(join(folder, 'gone'), () => assert.fail()), {})
})
