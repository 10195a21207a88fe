// The kubelet's protocol by which a plug-in registers itself: the plug-in serves it on a socket in the folder `plugins_registry`.
// https://github.com/kubernetes/kubelet/blob/v0.34.0/pkg/apis/pluginregistration/v1/api.proto
import type { ProtocolTable } from '../../base/grpc/descriptor.ts'
import { isJsonObject, isTexts } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'

export const registrationTable: ProtocolTable = {
  packageName: 'pluginregistration',
  messages: {
    InfoRequest: {},
    PluginInfo: { type: '1 string', name: '2 string', endpoint: '3 string', supported_versions: '4 string[]' },
    RegistrationStatus: { plugin_registered: '1 bool', error: '2 string' },
    RegistrationStatusResponse: {},
  },
  enums: {},
  methods: {
    GetInfo: ['Registration', 'InfoRequest', 'PluginInfo'],
    NotifyRegistrationStatus: ['Registration', 'RegistrationStatus', 'RegistrationStatusResponse'],
  },
}

interface PluginInfo {
  readonly name: string
  /** Path of the driver's socket; '' for the registration's own. */
  readonly endpoint: string
}

const maxVersions = 32

/** Throws a UserError unless the plug-in is a CSI driver that this agent can use. */
export function readPluginInfo(value: unknown): PluginInfo {
  if (!isJsonObject(value)) throw new UserError('it gave no information about itself')
  const { type, name, endpoint, supported_versions: versions } = value
  if (type !== 'CSIPlugin') throw new UserError('only plug-ins of type CSIPlugin are supported on this node')
  if (typeof name !== 'string' || !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(name))
    throw new UserError('its name must be at most 63 letters, digits, dots and dashes, and begin and end with a letter or digit')
  if (typeof endpoint !== 'string' || (endpoint !== '' && !endpoint.startsWith('/')))
    throw new UserError('its endpoint must be the absolute path of a socket')
  if (!isTexts(versions) || versions.length > maxVersions || !versions.some(version => /^v?1\.\d{1,4}(\.\d{1,4})?$/.test(version)))
    throw new UserError('it must support a version 1 of CSI, such as "1.0.0"')
  return { name, endpoint }
}
