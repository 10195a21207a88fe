import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { mirroredRegistries } from '../../api/registry-mirrors.ts'
import type { RegistryMirrorSpec } from '../../api/types/supply-v1.ts'
import { readRegistryAuthorities } from '../../cli/up/registry-authorities.ts'
import { type RegistryEndpoint, writeRegistryHosts } from './registry-hosts.ts'

const own: RegistryEndpoint = { hosts: ['192.0.2.1:5443', '127.0.0.1:5443'], authority: 'PEM of the cluster' }
const mirrored = (...specs: RegistryMirrorSpec[]) =>
  mirroredRegistries(specs.map((spec, index) => ({ metadata: { name: `m${index}` }, spec })))

async function inFolder(work: (folder: string, read: (name: string) => Promise<string>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-hosts-'))
  try {
    await work(folder, async name => (await readFile(join(folder, name), 'utf8')).replaceAll(folder, ''))
  } finally {
    await rm(folder, { recursive: true })
  }
}

test("writeRegistryHosts() names the authority of the cluster's registry for each of its names", () =>
  inFolder(async (folder, read) => {
    await writeRegistryHosts(folder, { own, mirrored: new Map() })
    assert.equal(
      await read('127.0.0.1:5443/hosts.toml'),
      [
        'server = "https://127.0.0.1:5443"',
        'capabilities = ["pull", "resolve"]',
        'ca = "/127.0.0.1:5443/authority-0.pem"',
        '',
        '[host."https://127.0.0.1:5443"]',
        '  capabilities = ["pull", "resolve"]',
        '  ca = "/127.0.0.1:5443/authority-0.pem"',
        '',
      ].join('\n'),
    )
    assert.equal(await read('192.0.2.1:5443/authority-0.pem'), own.authority)
  }))

test("writeRegistryHosts() leads a joined machine to the first machine's registry by all of its names", () =>
  inFolder(async (folder, read) => {
    await writeRegistryHosts(folder, { own: { ...own, reachedAt: '192.0.2.1:5443' }, mirrored: new Map() })
    assert.match(await read('127.0.0.1:5443/hosts.toml'), /^server = "https:\/\/192\.0\.2\.1:5443"\n/)
  }))

test('writeRegistryHosts() tries mirrors in their order, for tags only those that may say what they are, then the registry', () =>
  inFolder(async (folder, read) => {
    const mirrors = [
      { endpoint: 'one.example.com:5000/hub', authorities: 'PEM of one' },
      { endpoint: 'two.example.com', resolvesTags: true },
    ]
    await writeRegistryHosts(folder, { own, mirrored: mirrored({ registry: 'docker.io', mirrors }) })
    assert.equal(
      await read('docker.io/hosts.toml'),
      [
        'server = "https://registry-1.docker.io"',
        'capabilities = ["pull", "resolve"]',
        '',
        '[host."https://one.example.com:5000/v2/hub"]',
        '  capabilities = ["pull"]',
        '  override_path = true',
        '  ca = "/docker.io/authority-0.pem"',
        '',
        '[host."https://two.example.com"]',
        '  capabilities = ["pull", "resolve"]',
        '',
        '[host."https://registry-1.docker.io"]',
        '  capabilities = ["pull", "resolve"]',
        '',
      ].join('\n'),
    )
    assert.equal(await read('docker.io/authority-0.pem'), 'PEM of one')
  }))

test('writeRegistryHosts() names no registry that must not be contacted', () =>
  inFolder(async (folder, read) => {
    const mirrors = [{ endpoint: 'one.example.com' }, { endpoint: 'two.example.com/hub' }]
    await writeRegistryHosts(folder, { own: undefined, mirrored: mirrored({ registry: 'docker.io', mirrors, only: true }) })
    const text = await read('docker.io/hosts.toml')
    assert.match(text, /^server = "https:\/\/two\.example\.com\/v2\/hub"\ncapabilities = \["pull", "resolve"\]\noverride_path = true\n/)
    assert.doesNotMatch(text, /docker\.io/)
  }))

test("writeRegistryHosts() leads to the cluster's registry alone where that keeps the images", () =>
  inFolder(async (folder, read) => {
    const mirrors = [{ endpoint: 'one.example.com' }]
    const rules = mirrored({ registry: 'docker.io', mirrors, pullThrough: { namespace: 'hub' } })
    await writeRegistryHosts(folder, { own, mirrored: rules })
    const text = await read('docker.io/hosts.toml')
    assert.match(text, /^server = "https:\/\/192\.0\.2\.1:5443\/v2\/hub"/)
    assert.doesNotMatch(text, /one\.example/)
    // Without that registry, the mirrors are left.
    await writeRegistryHosts(folder, { own: undefined, mirrored: rules })
    assert.match(await read('docker.io/hosts.toml'), /one\.example/)
  }))

test('writeRegistryHosts() removes what it wrote for a mirror that is gone, and leaves the folder of an administrator', () =>
  inFolder(async (folder, read) => {
    const rules = mirrored(
      { registry: 'docker.io', mirrors: [{ endpoint: 'm.example.com', authorities: 'PEM' }] },
      { registry: 'own.example.com', mirrors: [{ endpoint: 'm.example.com' }] },
    )
    await mkdir(join(folder, 'own.example.com'))
    await writeFile(join(folder, 'own.example.com', 'hosts.toml'), 'ca = "mine.pem"\n')
    await writeFile(join(folder, 'own.example.com', 'mine.pem'), 'PEM of mine')
    assert.deepEqual(await writeRegistryHosts(folder, { own: undefined, mirrored: rules }), ['own.example.com'])
    assert.equal(await read('own.example.com/hosts.toml'), 'ca = "mine.pem"\n')
    // The authority of a mirror is not that of the registry.
    assert.deepEqual(await readRegistryAuthorities(folder, () => assert.fail()), { 'own.example.com': 'PEM of mine' })
    await writeRegistryHosts(folder, { own: undefined, mirrored: new Map() })
    assert.deepEqual(await readdir(folder), ['own.example.com'])
  }))
