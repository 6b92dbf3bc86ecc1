{
 "agreement": "R4K+0aiRuZ1abCPleOqywSJbf2eR/jrvwAOmEra4SwU=",
 "signatures": [
  {
   "party": "cert-a",
   "signature": "Bzv7fodb456M0kBs23uCMjolw8FTG9Gnamfda5FeIPJFlh+EsVTwYwYlH7+bQsHaj0QrfAPGYnk6tGDu45IoDg==",
   "suite": "ed25519"
  },
  {
   "party": "cert-b",
   "signature": "xWVF9nHiHkmAje2kT1PnvJUUAtBvU0kDIwjCDOS+3kUtY2myDKOliZkoe+oz1E1iwPNJP18yq2ZYNIGM0SpWCQ==",
   "suite": "ed25519"
  }
 ],
 "v": 1
}
