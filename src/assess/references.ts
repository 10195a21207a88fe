// What each proof answers to: techniques of MITRE ATT&CK (Enterprise, containers matrix included) that it tries, and recommendations of the
// CIS Kubernetes Benchmark v1.9.0 whose effect it shows.
const references: Readonly<Record<string, readonly string[]>> = {
  D1: ['T1195.001', 'T1554', 'CIS 5.5.1'],
  D2: ['T1610', 'CIS 5.2.1', 'CIS 5.7.3'],
  D4: ['T1613', 'T1611', 'CIS 5.1.5', 'CIS 5.1.6', 'CIS 5.3.2'],
  D8: ['T1562', 'CIS 5.2.1'],
  'S5/A9': ['T1040', 'T1557', 'CIS 1.2.24', 'CIS 1.2.29'],
  S2: ['T1195.002', 'T1554', 'T1574', 'CIS 5.5.1'],
  S1: ['T1525', 'CIS 5.5.1'],
  S3: ['T1195.002', 'T1610', 'CIS 5.5.1'],
  S4: ['T1525', 'T1190', 'CIS 5.5.1'],
  S6: ['T1553', 'T1195.002', 'CIS 5.5.1'],
  S7: ['T1525', 'T1190', 'CIS 5.5.1'],
  S8: ['T1190', 'CIS 5.5.1'],
  S10: ['T1562', 'T1190', 'CIS 5.5.1'],
  S9: ['T1525', 'T1195.002', 'T1610', 'CIS 5.5.1'],
  S11: ['T1525', 'T1213', 'T1078', 'CIS 5.1.3'],
  S12: ['T1610', 'T1213', 'CIS 1.2.11', 'CIS 5.1.5'],
  P1: ['T1610', 'T1562', 'CIS 1.2.10', 'CIS 5.2.1'],
  P3: ['T1610', 'T1611', 'CIS 1.2.14'],
  A1: ['T1046', 'T1133', 'T1499', 'CIS 4.2.1', 'CIS 4.2.4'],
  A3: ['T1078', 'T1606', 'T1649', 'CIS 1.2.1', 'CIS 1.2.22', 'CIS 1.2.25'],
  A4: ['T1078', 'T1550.001', 'CIS 1.2.21'],
  A5: ['T1078', 'T1098.006', 'T1548', 'CIS 1.2.6', 'CIS 1.2.8', 'CIS 5.1.8'],
  A7: ['T1528', 'T1550.001', 'T1552', 'CIS 1.2.12', 'CIS 1.2.21', 'CIS 5.1.6', 'CIS 5.1.13'],
  A8: ['T1078', 'T1528', 'T1552', 'CIS 1.2.7', 'CIS 1.2.14', 'CIS 1.3.3', 'CIS 5.1.11'],
  C2: ['T1525', 'T1554', 'CIS 4.1.1'],
  C3: ['T1610', 'T1611', ...Array.from({ length: 12 }, (_, at) => `CIS 5.2.${at + 2}`)],
  C4: ['T1611', 'T1068', 'CIS 5.2.6', 'CIS 5.2.7', 'CIS 5.2.10', 'CIS 5.7.2'],
  C7: ['T1496', 'T1499', 'CIS 5.7.1'],
  C8: ['T1496', 'T1499', 'CIS 5.7.1'],
  C9: ['T1611', 'CIS 5.7.1'],
  T1: ['T1005', 'T1025', 'T1552.004', 'CIS 1.2.27', 'CIS 1.2.28'],
  T2: ['T1005', 'T1552', 'T1565.001', 'CIS 1.2.27', 'CIS 1.2.28'],
  T3: ['T1530', 'T1485', 'T1552', 'CIS 1.2.28'],
  T4: ['T1490', 'T1565.001', 'CIS 1.1.11'],
  T5: ['T1078.004', 'T1528', 'T1552', 'CIS 1.2.9'],
  N1: ['T1046', 'T1021', 'T1041', 'CIS 5.3.1', 'CIS 5.3.2'],
  N3: ['T1040', 'T1557', 'CIS 5.3.1'],
  O11: ['T1070', 'T1565.001', 'CIS 1.2.16', 'CIS 3.2.1'],
  O12: ['T1070', 'T1565.001', 'T1485', 'CIS 3.2.1'],
  O13: ['T1005', 'T1003', 'CIS 1.2.16'],
}

/** Such as `T1611` and `CIS 5.2.2`. */
export const referencesOf = (proof: string): readonly string[] => references[proof] ?? []

export const referencedProofs: readonly string[] = Object.keys(references)
