import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import { formatPackageUrl, parsePackageUrl } from './package-url.ts'
import { maxPackageUrlLength } from './package-url-parts.ts'
import type { SoftwarePackage } from './software-package.ts'

const debian = { id: 'debian', version: '12' }
const rows: [SoftwarePackage, string][] = [
  [
    { type: 'deb', name: 'curl', version: '7.88.1-10+deb12u5', architecture: 'amd64', distribution: debian, locations: [] },
    'pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12',
  ],
  [
    { type: 'deb', name: 'a', version: '1', source: { name: 'b', version: '2' }, distribution: debian, locations: [] },
    'pkg:deb/debian/a@1?distro=debian-12&upstream=b%402',
  ],
  [
    { type: 'rpm', name: 'NetworkManager', version: '1:1.40-1.el9', distribution: { id: 'rhel', version: '9.2' }, locations: [] },
    'pkg:rpm/rhel/NetworkManager@1.40-1.el9?distro=rhel-9.2&epoch=1',
  ],
  [
    { type: 'apk', name: 'musl', version: '1.2.4-r2', distribution: { id: 'alpine', version: '3.19.0' }, locations: [] },
    'pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3.19.0',
  ],
  [{ type: 'npm', namespace: 'angular', name: 'core', version: '12.3.1', locations: [] }, 'pkg:npm/%40angular/core@12.3.1'],
  [
    { type: 'maven', namespace: 'org.apache.xmlgraphics', name: 'batik-anim', version: '1.9.1', locations: [] },
    'pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1',
  ],
  [
    { type: 'golang', name: 'google.golang.org/genproto', version: 'v0.0.0-2024', locations: [] },
    'pkg:golang/google.golang.org/genproto@v0.0.0-2024',
  ],
  [{ type: 'pypi', name: 'django-allauth', version: '12.23', locations: [] }, 'pkg:pypi/django-allauth@12.23'],
  [{ type: 'composer', namespace: 'acme', name: 'a', version: '1', locations: [] }, 'pkg:composer/acme/a@1'],
  [{ type: 'gem', name: 'a b', version: '', locations: [] }, 'pkg:gem/a%20b'],
  [{ type: 'cargo', name: "it's(a)*", version: '1', locations: [] }, 'pkg:cargo/it%27s%28a%29%2A@1'],
]
for (const [of, url] of rows) {
  test(`formatPackageUrl() and parsePackageUrl() agree on ${url}`, () => {
    assert.equal(formatPackageUrl(of), url)
    assert.deepEqual(parsePackageUrl(url), of)
  })
}

test('formatPackageUrl() folds what the specification folds', () => {
  assert.equal(
    formatPackageUrl({ type: 'golang', name: 'github.com/BurntSushi/toml', version: 'v1', locations: [] }),
    'pkg:golang/github.com/burntsushi/toml@v1',
  )
  assert.equal(formatPackageUrl({ type: 'pypi', name: 'Foo_Bar', version: '1', locations: [] }), 'pkg:pypi/foo-bar@1')
  assert.equal(formatPackageUrl({ type: 'composer', namespace: 'Acme', name: 'A', version: '1', locations: [] }), 'pkg:composer/acme/a@1')
})

test('parsePackageUrl() reads what others write', () => {
  for (const [text, url] of [
    ['PKG:NPM/foobar@12', 'pkg:npm/foobar@12'],
    ['pkg://npm/foobar@12', 'pkg:npm/foobar@12'],
    ['pkg:npm/@angular/core@12', 'pkg:npm/%40angular/core@12'],
    ['pkg:golang/a.example/b@v1#sub/path', 'pkg:golang/a.example/b@v1'],
    ['pkg:deb/debian/file@5.46-5?distro=debian-13&epoch=1', 'pkg:deb/debian/file@1:5.46-5?distro=debian-13'],
    ['pkg:rpm/redhat/a@1-2?epoch=0&arch=x86_64', 'pkg:rpm/redhat/a@1-2?arch=x86_64&distro=redhat'],
  ] as const)
    assert.equal(formatPackageUrl(parsePackageUrl(text) ?? { type: 'apk', name: 'none', version: '', locations: [] }), url)
  assert.equal(parsePackageUrl('pkg:docker/a@1'), undefined, 'a type that no cataloguer finds')
})

for (const text of [
  '',
  'npm/a@1',
  'pkg:',
  'pkg:npm',
  'pkg:npm/',
  'pkg:n_m/a',
  'pkg:npm/a%ff@1',
  `pkg:npm/${'a'.repeat(maxPackageUrlLength)}`,
]) {
  test(`parsePackageUrl() refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.throws(() => parsePackageUrl(text), UserError)
  })
}
