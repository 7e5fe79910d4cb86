/** What a person's first steps in a lab apply: addresses of its LAN, and a Service that uses one. */

export const FIRST_ADDRESS = "192.0.2.200";
export const NODE_PORT = 30080;
const LAST_ADDRESS = "192.0.2.220";

export const POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: lab
  namespace: metallb-system
spec:
  addresses:
    - ${FIRST_ADDRESS}-${LAST_ADDRESS}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata:
  name: lab
  namespace: metallb-system
`;

export const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: LoadBalancer
  ports:
    - name: http
      port: 80
      targetPort: 8080
      nodePort: ${NODE_PORT}
    - name: echo
      port: 7
      protocol: UDP
      targetPort: 8080
`;
