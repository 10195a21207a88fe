import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxPackageUrlLength } from '../packages/package-url-parts.ts'
import { parsePurl } from './parse-purl.ts'

test('parsePurl() reads the examples of the specification', () => {
  const rows: Readonly<Record<string, object | undefined>> = {
    'pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie': {
      type: 'deb',
      namespace: 'debian',
      name: 'curl',
      version: '7.50.3-1',
      qualifiers: new Map([
        ['arch', 'i386'],
        ['distro', 'jessie'],
      ]),
    },
    'pkg:npm/%40angular/animation@12.3.1': {
      type: 'npm',
      namespace: 'angular',
      name: 'animation',
      version: '12.3.1',
      qualifiers: new Map(),
    },
    'pkg:npm/@angular/animation': { type: 'npm', namespace: 'angular', name: 'animation', qualifiers: new Map() },
    'pkg:golang/google.golang.org/genproto@abcdedf#/googleapis/api': {
      type: 'golang',
      namespace: 'google.golang.org',
      name: 'genproto',
      version: 'abcdedf',
      qualifiers: new Map(),
    },
    'pkg:PyPI/django@1.11%2B1': { type: 'pypi', name: 'django', version: '1.11+1', qualifiers: new Map() },
    'pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64&epoch=1': {
      type: 'rpm',
      namespace: 'redhat',
      name: 'openssl',
      version: '3.0.7-27.el9',
      qualifiers: new Map([
        ['arch', 'x86_64'],
        ['epoch', '1'],
      ]),
    },
    'pkg:npm': undefined,
    'npm/foo': undefined,
    'pkg:npm/fo%zz': undefined,
    'pkg:npm/foo?x': { type: 'npm', name: 'foo', qualifiers: new Map() },
    [`pkg:npm/${'a'.repeat(maxPackageUrlLength)}`]: undefined,
  }
  for (const [text, value] of Object.entries(rows)) assert.deepEqual(parsePurl(text), value, text.slice(0, 80))
})
