package nagad

// The check values of the provider's reference: a public key, a plaintext, and signatures over it.
const (
	vectorText = `{"merchantId":"683000000000001","datetime":"20260102030405","orderId":"ORD1",` +
		`"challenge":"0123456789abcdef0123456789abcdef01234567"}`
	vectorSum = "1bd833d84886822edb8659c3392becae652eeac3de2c315b1cd0ad92a84a5e5c"
	// vectorOrderSum is of the plaintext of complete.
	vectorOrderSum = "47a9888b72bb6714bf91358e409eb03a13d20c2c40f6eaf28c7f1f7092b55313"
	vectorKey      = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxdDUP++kjhQJvsGH4Ly74mU7dMLNRvMbBn5meZ3xYgLlQE" +
		"zTLkAn+eQIhpH8U4M0fDDK6G5ZdbBlsnPjd8wSvVryYlBpZr04khbVQgtM7CRGmgKtqKo7BtBIW+SxJZs08RoRiTmR" +
		"KGUYyHFixNFxByxffT2OiziH26/0GKQPBi4YovB1kw/WC9ItBoSgq1IgD5l8fWTI1nbIhAzglSvWdomeSczSxORFKJ" +
		"FCaN6QYsSg6OMYBdHisfLWdkul5cD/aWbJPrMaN3yFEoR2fvcZYSozqy9mfXblWqw4Akbxgbz5vO8dALCTpR64YBTp" +
		"G94S8rX+e1STrj9/N5h+Tp7Z+QIDAQAB"
	vectorSHA256 = "lfEOujZOu8MZTCKcFoedz+kK4CVVP/yUPJlza4SiNLPSjHSvSki0NafByKDiqvgxU1Uqlpu/tkPMBiiycDYhOeHP4pTPT/HwHKMn" +
		"XKwfGLcBIhACb9Z/baNO1uztEIbIINVITNe67AXYpFQYRKduiM5e+n9Bq5BwFhV5HN7YFEocCJVc/VXS2Xt4T+dAIHQsUtknt2aU" +
		"ISWr76hB5enWTGJsG2jpCZO9LkIo4ycF2/bhJLB7JG6HmE/fyrctDef2Fh2se27oM7dsEe2yX2VnezumYXWZLlFT1aQGuETfSu7E" +
		"7h1vxvvb1ZuzwO8Thqnf7q41hwf7LJRy5XqT7NPO/g=="
	vectorSHA1 = "q3PJi+npYKc51MiBl+Tf89ydoWxlyjxpeNzmyao5dn5SXLSlvQJixSNNLvkq+J5VpfxyaRUU9F6OCwA0TydDmuc4/H9W2EpurOmt" +
		"zajG/GXrLrYFLrVAfTwr4TXqeTqDzr0T17lX4gG+6C+IszT2CFeSYrhF39If4d9GFeFaHCB4CXF8dYFuS/T3+DbPGKHLNNsxeqPk" +
		"hbyosuhdGHe2CueRF2wDvP21GHE2KEh93sM1V4fviYbyq7SBVNjvIE/0uOOLytUZ3MPe1ub+yp8DoT9sXU3vd74E4s3BdihRyY1I" +
		"QuKceHnne1jIi+sut1zC5l2/A36CVCDrAPUSEqzRFw=="
)
