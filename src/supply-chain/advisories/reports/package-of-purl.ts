// The package that a package URL in a report names.
import type { PackageType, SoftwarePackage } from '../../packages/software-package.ts'
import { versionOrders } from '../../versions/index.ts'
import { parsePurl } from '../parse-purl.ts'
import { locationsOf } from './report-format.ts'

const isKnown = (type: string): type is PackageType => Object.hasOwn(versionOrders, type)

/** undefined for a type that is none of ours, or a URL without a version. */
export function packageOfPurl(text: string, location: string | undefined): SoftwarePackage | undefined {
  const purl = parsePurl(text)
  if (purl === undefined || !isKnown(purl.type) || purl.version === undefined) return undefined
  const { type, namespace, name, version, qualifiers } = purl
  const architecture = qualifiers.get('arch')
  const shared = { type, version, ...(architecture !== undefined && { architecture }), ...locationsOf(location) }
  if (type === 'deb' || type === 'rpm' || type === 'apk') {
    const epoch = qualifiers.get('epoch')
    const withEpoch = type === 'rpm' && epoch !== undefined && epoch !== '0' ? { version: `${epoch}:${version}` } : {}
    const distribution =
      namespace === undefined
        ? undefined
        : { id: namespace === 'redhat' ? 'rhel' : namespace, version: releaseIn(qualifiers.get('distro')) }
    return { ...shared, ...withEpoch, name, ...(distribution !== undefined && { distribution }) }
  }
  if (type === 'golang') return { ...shared, name: namespace === undefined ? name : `${namespace}/${name}` }
  return { ...shared, name, ...(namespace !== undefined && { namespace }) }
}

/** `debian-12`, `rhel-9.4` or `12`. */
function releaseIn(distro: string | undefined): string {
  return distro?.slice(distro.lastIndexOf('-') + 1) ?? ''
}
