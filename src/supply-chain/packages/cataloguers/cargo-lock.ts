// What Cargo.lock declares (The Cargo Book, Cargo.toml vs Cargo.lock).
import type { Cataloguer } from '../cataloguer.ts'
import { maxJsonFileBytes } from '../json-file.ts'
import type { SoftwarePackage } from '../software-package.ts'
import { tomlPackages } from '../toml-packages.ts'

export const cargoLock: Cataloguer = {
  name: 'cargo-lock',
  finds: 'declared',
  wish: path => (/(?:^|\/)Cargo\.lock$/.test(path) ? { maxBytes: maxJsonFileBytes } : undefined),
  read(path, content) {
    const packages: SoftwarePackage[] = []
    for (const { name, version } of tomlPackages(content.toString('utf8')))
      packages.push({ type: 'cargo', name, version, locations: [`/${path}`] })
    return { packages }
  },
}
