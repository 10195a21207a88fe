// The texts for `kubectl explain` of Bulkhead's own kinds and of metrics.k8s.io, which the packages lack.
import { supplyDescriptions } from './own-supply-descriptions.ts'

export const ownDescriptions: Readonly<Record<string, { readonly text: string; readonly fields: Readonly<Record<string, string>> }>> = {
  ...supplyDescriptions,
  'bulkhead/v1alpha1.ClusterDefaults': {
    text: 'ClusterDefaults says what every new namespace gets. The one object that counts is named "cluster"; a change of it holds for namespaces to come.',
    fields: { spec: 'What new namespaces get.' },
  },
  'bulkhead/v1alpha1.ClusterDefaultsSpec': {
    text: 'ClusterDefaultsSpec says what new objects get.',
    fields: { namespaces: 'What a new namespace gets.' },
  },
  'bulkhead/v1alpha1.NamespaceDefaults': {
    text: 'NamespaceDefaults says what a new namespace gets.',
    fields: {
      exempt: 'Names of namespaces that get nothing. kube-system, kube-public and kube-node-lease get nothing anyway.',
      labels: 'Labels that a new namespace gets where it does not say them itself.',
      resourceQuota: 'The ResourceQuota "default" of a new namespace. None is made where this is left out.',
      limitRange: 'The LimitRange "default" of a new namespace. None is made where this is left out.',
      network: 'The NetworkPolicies of a new namespace. None is made where this is left out.',
    },
  },
  'bulkhead/v1alpha1.NetworkDefaults': {
    text: 'NetworkDefaults says which NetworkPolicies a new namespace gets.',
    fields: {
      defaultDeny:
        'Whether nothing reaches the pods of a new namespace, nor they anything, but what a policy allows: the NetworkPolicy "default-deny".',
      allowDNS: 'Whether its pods may ask for names nevertheless: the NetworkPolicy "allow-dns".',
      allowAPIServer:
        'Whether those of its pods whose ServiceAccount has a right may reach the API server nevertheless: the NetworkPolicy "allow-api-server", which follows the rights. Default: true where defaultDeny is.',
    },
  },
  'bulkhead/v1alpha1.DenyRule': {
    text: 'DenyRule refuses requests of its subjects, whatever roles allow them.',
    fields: { spec: 'Whose requests are refused, and which.' },
  },
  'bulkhead/v1alpha1.DenyRuleSpec': {
    text: 'DenyRuleSpec says whose requests are refused, and which.',
    fields: {
      reason: 'Why: each refusal contains it.',
      subjects: 'Users, groups and ServiceAccounts whose requests are refused.',
      exceptSubjects: 'Users, groups and ServiceAccounts whose requests are not refused, although they are among the subjects.',
      namespaces:
        'The namespaces in which requests are refused, and so are requests for all namespaces together. Left out: every request, also outside of namespaces.',
      rules:
        'The requests, by verbs, groups, resources, names and paths as in a role. A rule with names also refuses requests without a name, such as lists, because they are about each of the names.',
    },
  },
  'bulkhead/v1alpha1.LocalVolume': {
    text: 'LocalVolume is a volume on the disk of one node, below the PersistentVolume of the same name.',
    fields: { spec: 'What the node has to hold.', status: 'What the node holds.' },
  },
  'bulkhead/v1alpha1.LocalVolumeSpec': {
    text: 'LocalVolumeSpec says what volume a node has to hold.',
    fields: {
      nodeName: 'The node.',
      bytes: 'The size, which may grow.',
      encryption: 'Whether the node may hold it only encrypted ("required"), or in clear ("none").',
      source: 'The LocalVolume on the same node of which it is a copy: a snapshot, or a volume restored from one.',
      volumeMode: 'What pods get of it: a folder ("Filesystem", the default) or a block device ("Block").',
    },
  },
  'bulkhead/v1alpha1.LocalVolumeStatus': {
    text: 'LocalVolumeStatus is what a node reports of a volume.',
    fields: {
      phase: 'Ready, Failed, or Removed when nothing of it is left on the node.',
      bytes: 'The size that it has.',
      encryption: 'How it is encrypted: luks, fscrypt, gocryptfs, or none.',
      message: 'Why the node could not do what the spec says.',
    },
  },
  'bulkhead/v1alpha1.LocalVolumeKey': {
    text: 'LocalVolumeKey is the request of a node for the key of a volume that it holds. Only the process of that node can read the answer.',
    fields: { spec: 'Who asks.', status: 'The answer.' },
  },
  'bulkhead/v1alpha1.LocalVolumeKeySpec': {
    text: 'LocalVolumeKeySpec proves which node asks.',
    fields: {
      publicKey: 'An X25519 public key made for this request, 32 bytes in base64.',
      certificate: "The node's client certificate, in PEM.",
      signature: "The signature of the certificate's key over the volume's name and the public key, in base64.",
    },
  },
  'bulkhead/v1alpha1.LocalVolumeKeyStatus': {
    text: 'LocalVolumeKeyStatus is the answer of the signer.',
    fields: { sealedKey: 'The key of the volume, encrypted to the public key of the request, in base64.' },
  },
  'bulkhead/v1alpha1.NamespaceLabels': {
    text: 'NamespaceLabels is what the network of the cluster has to know of a Namespace, which it is a view of: its labels, which NetworkPolicies select by.',
    fields: {},
  },
  'bulkhead/v1alpha1.NodeLink': {
    text: 'NodeLink is what other nodes have to know of a Node, which it is a view of, to reach its pods through WireGuard.',
    fields: { spec: 'How the pods of the node are reached.' },
  },
  'bulkhead/v1alpha1.NodeLinkSpec': {
    text: 'NodeLinkSpec says how other nodes reach the pods of a node.',
    fields: {
      podCIDR: "The range of the node's pods. Only packets from it are accepted from this node.",
      addresses: 'The internal addresses of the node.',
      publicKey: 'The WireGuard public key that the node itself published, in base64. Without it, no other node has a route to its pods.',
      port: 'The UDP port on which the node receives WireGuard packets.',
    },
  },
  'bulkhead/v1alpha1.PodAddress': {
    text: 'PodAddress is what the network of the cluster has to know of a Pod, which it is a view of: labels, addresses and named ports, and nothing of what runs in it.',
    fields: { spec: 'Where the pod is.' },
  },
  'bulkhead/v1alpha1.PodAddressSpec': {
    text: 'PodAddressSpec says where a pod is.',
    fields: {
      nodeName: 'The node of the pod.',
      addresses: "The addresses of the pod. None where it has none yet or any more, and where they are its node's.",
      ports: 'Its ports that have a name.',
    },
  },
  'bulkhead/v1alpha1.PodAddressPort': {
    text: 'PodAddressPort is a port of a pod that has a name.',
    fields: {
      name: 'The name that Services and NetworkPolicies call it by.',
      protocol: 'TCP, UDP or SCTP.',
      port: 'The number.',
    },
  },
  'bulkhead/v1alpha1.PodSecurityException': {
    text: 'PodSecurityException admits the pods of one workload in its namespace although they break rules of the Pod Security Standards, until it expires.',
    fields: { spec: 'Which pods, which rules, and until when.' },
  },
  'bulkhead/v1alpha1.PodSecurityExceptionSpec': {
    text: 'PodSecurityExceptionSpec says which pods may break which rules, and until when.',
    fields: {
      templateDigest: 'The digest of the pod template, as the refusal names it. Another image, command or setting has another one.',
      checks: 'The ids of the checks that the pods may fail, such as hostNamespaces.',
      fields: 'The fields below the pod that may be at fault; any where this is left out.',
      owner: 'Who answers for it.',
      reason: 'Why it is needed.',
      expires: 'From when on it has no effect.',
      compensatingProofs:
        'The proofs that make up for it, such as C9: where bulkhead prove finds one that does not hold, the exception ends.',
    },
  },
  'bulkhead/v1alpha1.Backup': {
    text: 'Backup is a backup of the cluster to a target of the file that "bulkhead up --backup" names.',
    fields: { spec: 'Where it goes.', status: 'What came of it.' },
  },
  'bulkhead/v1alpha1.BackupSpec': {
    text: 'BackupSpec is a request for a backup.',
    fields: {
      target: 'The name of the target.',
      schedule: 'The BackupSchedule that it is of.',
      full: 'Whether all objects are stored again. Otherwise it needs the full backup before it and the changes since.',
    },
  },
  'bulkhead/v1alpha1.BackupStatus': {
    text: 'BackupStatus is what came of a backup.',
    fields: {
      phase: 'Running, Stored, Verified or Failed.',
      number: 'The number of its link in the chain of the target.',
      revision: 'The revision of the store that it holds.',
      objects: 'The number of objects in it.',
      created: 'When it was stored.',
      verified: 'When it was restored into a shadow server, where each object was as recorded.',
      report: 'The SHA-256 of the signed report of that, in hexadecimal.',
      message: 'What is wrong with it.',
    },
  },
  'bulkhead/v1alpha1.BackupSchedule': {
    text: 'BackupSchedule makes backups regularly, verifies each, and removes those that its retention does not keep.',
    fields: { spec: 'When, where, and what is kept.', status: 'How far it has come.' },
  },
  'bulkhead/v1alpha1.BackupScheduleSpec': {
    text: 'BackupScheduleSpec is when backups are made and which are kept.',
    fields: {
      target: 'The name of a target of the file that "bulkhead up --backup" names.',
      every: 'The time between two backups, such as 1h. Changes reach the target within seconds all the time.',
      fullEvery: 'The time after which all objects are stored again. Default: 24h.',
      maxAge: 'The age of the newest verified backup beyond which there is an alarm. Default: twice spec.every, and at least 10m.',
      suspend: 'Whether no backups are made.',
      volumes: 'Contents of volumes: None is the only value, and the default.',
      retention: 'Which backups are kept. Default: the last 24, and 7 daily ones.',
    },
  },
  'bulkhead/v1alpha1.BackupRetention': {
    text: 'BackupRetention is which backups are kept, besides the newest verified one, which always is.',
    fields: {
      keepLast: 'The number of newest backups.',
      keepHourly: 'The number of hours of which the last one is kept.',
      keepDaily: 'The number of days, in UTC, of which the last one is kept.',
      keepWeekly: 'The number of weeks of which the last one is kept.',
      keepMonthly: 'The number of months of which the last one is kept.',
      history: 'The time in which every revision can be restored. Of older backups only full ones are kept. Default: 48h.',
    },
  },
  'bulkhead/v1alpha1.BackupScheduleStatus': {
    text: 'BackupScheduleStatus is how far a schedule has come.',
    fields: {
      lastBackup: 'When the newest backup was stored.',
      lastVerified: 'When the newest verified backup was stored.',
      reached: 'When the target last held everything.',
      revision: 'The newest revision of the store that the target holds.',
      conditions: 'Current: the newest verified backup is not too old. Reached: the target gets each change.',
    },
  },
  'bulkhead/v1alpha1.ProofResult': {
    text: 'ProofResult is what came of the latest runs of one proof, as bulkhead prove and the schedule of proofs record it.',
    fields: { spec: 'The proof, and when it last passed, failed and was skipped.' },
  },
  'bulkhead/v1alpha1.ProofResultSpec': {
    text: 'ProofResultSpec is what came of the latest runs of one proof.',
    fields: {
      proof: 'The id of the proof, such as C3.',
      title: 'The title of its security goal.',
      last: 'What came of its latest run: Passed, Failed or Skipped.',
      passed: 'The latest run in which it held.',
      failed: 'The latest run in which it did not hold.',
      skipped: 'The latest run in which there was nothing to attack.',
    },
  },
  'bulkhead/v1alpha1.ProofRun': {
    text: 'ProofRun is one run of a proof.',
    fields: {
      time: 'When it began.',
      build: 'SHA-256 of the code of the API server that was attacked.',
      configuration: 'SHA-256 of the settings of that server.',
      attempts: 'How many single attacks it recorded.',
      milliseconds: 'How long it took.',
      report: 'SHA-256 of the report that it is in, if one was written.',
      found: 'What did not hold, at most 20 lines.',
      reason: 'Why it was skipped.',
    },
  },
  'metrics/v1beta1.NodeMetrics': {
    text: 'NodeMetrics says what a node used, as it measured it itself.',
    fields: {
      timestamp: 'When the measured interval ended.',
      window: 'How long the interval was: it is the one from timestamp-window to timestamp.',
      usage: 'CPU and memory that everything on the node used together.',
    },
  },
  'metrics/v1beta1.NodeMetricsList': {
    text: 'NodeMetricsList is a list of NodeMetrics.',
    fields: { items: 'The metrics of the nodes.' },
  },
  'metrics/v1beta1.PodMetrics': {
    text: 'PodMetrics says what each container of a pod used, as its node measured it.',
    fields: {
      timestamp: 'When the measured interval ended.',
      window: 'How long the interval was: it is the one from timestamp-window to timestamp.',
      containers: 'The usage of each container, all of one interval.',
    },
  },
  'metrics/v1beta1.PodMetricsList': {
    text: 'PodMetricsList is a list of PodMetrics.',
    fields: { items: 'The metrics of the pods.' },
  },
  'metrics/v1beta1.ContainerMetrics': {
    text: 'ContainerMetrics says what one container used.',
    fields: { name: "The container's name in the pod.", usage: 'CPU and memory that the container used.' },
  },
}
