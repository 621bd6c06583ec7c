___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "capi-stream",
  "categories": [
    "ADVERTISING",
    "CONVERSIONS"
  ],
  "brand": {
    "id": "brand_dummy",
    "displayName": ""
  },
  "description": "Loads capi.js and sends events to the browser pixels and to the collector under one id.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "SELECT",
    "name": "action",
    "displayName": "What to do",
    "macrosInSelect": false,
    "simpleValueType": true,
    "defaultValue": "setup",
    "selectItems": [
      {
        "value": "setup",
        "displayValue": "Load the snippet (once a page, as early as possible)"
      },
      {
        "value": "track",
        "displayValue": "Send an event"
      },
      {
        "value": "identify",
        "displayValue": "Say who the visitor is"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "address",
    "displayName": "Address of the collector",
    "simpleValueType": true,
    "help": "For example https://events.shop.example, best under the shop's own domain.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "^https://[^/]+(/[^?#]*)?$"
        ]
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "setup",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "key",
    "displayName": "Publishable key",
    "simpleValueType": true,
    "help": "Begins with pk_. It is no secret.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      },
      {
        "type": "REGEX",
        "args": [
          "^pk_[A-Za-z0-9_-]{8,64}$"
        ]
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "setup",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "RADIO",
    "name": "consent",
    "displayName": "Consent",
    "simpleValueType": true,
    "defaultValue": "mode",
    "radioItems": [
      {
        "value": "mode",
        "displayValue": "From Consent Mode: ad_storage and ad_user_data; without ad_personalization: limited"
      },
      {
        "value": "granted",
        "displayValue": "Not needed here: count every visit"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "setup",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "CHECKBOX",
    "name": "ownPages",
    "checkboxText": "No page views by itself: tags send them",
    "simpleValueType": true,
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "setup",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "eventName",
    "displayName": "Name of the event",
    "simpleValueType": true,
    "help": "As Meta calls it: ViewContent, AddToCart, InitiateCheckout, Purchase, … or an own one.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "eventId",
    "displayName": "Id of the event",
    "simpleValueType": true,
    "help": "Only where the shop's server sends the same event, for example the order's number. Else empty.",
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "TEXT",
    "name": "ecommerce",
    "displayName": "E-commerce object",
    "simpleValueType": true,
    "help": "A variable with GA4's ecommerce object; its items become contents.",
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "SIMPLE_TABLE",
    "name": "fields",
    "displayName": "More data of the event",
    "simpleTableColumns": [
      {
        "type": "TEXT",
        "name": "name",
        "displayName": "Name",
        "defaultValue": ""
      },
      {
        "type": "TEXT",
        "name": "value",
        "displayName": "Value",
        "defaultValue": ""
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "track",
        "type": "EQUALS"
      }
    ]
  },
  {
    "type": "SIMPLE_TABLE",
    "name": "user",
    "displayName": "The visitor",
    "help": "em, ph, fn, ln, external_id, … as docs/event.schema.json has them. The collector hashes them.",
    "simpleTableColumns": [
      {
        "type": "TEXT",
        "name": "name",
        "displayName": "Field",
        "defaultValue": "em"
      },
      {
        "type": "TEXT",
        "name": "value",
        "displayName": "Value",
        "defaultValue": ""
      }
    ],
    "enablingConditions": [
      {
        "paramName": "action",
        "paramValue": "identify",
        "type": "EQUALS"
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const callInWindow = require('callInWindow');
const copyFromWindow = require('copyFromWindow');
const createArgumentsQueue = require('createArgumentsQueue');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const makeTableMap = require('makeTableMap');

const TYPES = ['ad_storage', 'ad_user_data', 'ad_personalization'];

// What is not yet granted is not yet answered: events wait in the page's memory. Only what was granted can be denied.
let said = '';
const tellConsent = function() {
  let now = said ? 'denied' : '';
  if (isConsentGranted('ad_storage') && isConsentGranted('ad_user_data')) {
    now = isConsentGranted('ad_personalization') ? 'granted' : 'limited';
  }
  if (now !== said) {
    callInWindow('capi', 'consent', now);
    said = now === 'denied' ? '' : now;
  }
};

const setUp = function() {
  if (data.consent === 'mode') {
    tellConsent();
    TYPES.forEach(function(type) {
      addConsentListener(type, tellConsent);
    });
  }
  callInWindow('capi', 'init', {
    key: data.key,
    url: data.address,
    consent: data.consent === 'mode' ? 'denied' : 'granted',
    page: data.ownPages ? 'off' : ''
  });
  injectScript(data.address + '/capi.js', data.gtmOnSuccess, data.gtmOnFailure, 'capi');
};

// GA4's names to Meta's, which the collector takes.
const fromEcommerce = function(ecommerce, found) {
  if (ecommerce.value !== undefined) found.value = ecommerce.value;
  if (ecommerce.currency) found.currency = ecommerce.currency;
  if (ecommerce.transaction_id) found.order_id = ecommerce.transaction_id;
  if (ecommerce.items) {
    found.content_type = 'product';
    found.contents = ecommerce.items.map(function(item) {
      return {id: item.item_id || item.item_name, quantity: item.quantity || 1, item_price: item.price};
    });
  }
};

const track = function() {
  const found = makeTableMap(data.fields || [], 'name', 'value') || {};
  if (data.ecommerce) fromEcommerce(data.ecommerce, found);
  callInWindow('capi', 'track', data.eventName, found, data.eventId ? {event_id: data.eventId} : {});
  data.gtmOnSuccess();
};

const identify = function() {
  callInWindow('capi', 'identify', makeTableMap(data.user || [], 'name', 'value') || {});
  data.gtmOnSuccess();
};

if (!copyFromWindow('capi')) createArgumentsQueue('capi', 'capi.q');
if (data.action === 'setup') setUp();
else if (data.action === 'track') track();
else identify();


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "capi"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "capi.q"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "inject_script",
        "versionId": "1"
      },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 1,
                "string": "https://*/capi.js"
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_consent",
        "versionId": "1"
      },
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_storage"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_user_data"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "consentType"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "ad_personalization"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: Setup asks for the script of the collector
  code: |-
    mock('isConsentGranted', false);
    mock('injectScript', function(url, success) {
      assertThat(url).isEqualTo('https://events.shop.example/capi.js');
      success();
    });
    runCode({action: 'setup', address: 'https://events.shop.example', key: 'pk_shop_12345678', consent: 'mode'});
    assertApi('createArgumentsQueue').wasCalledWith('capi', 'capi.q');
    assertApi('callInWindow').wasCalledWith('capi', 'init',
      {key: 'pk_shop_12345678', url: 'https://events.shop.example', consent: 'denied', page: ''});
    assertApi('gtmOnSuccess').wasCalled();
- name: A stub that is there is kept
  code: |-
    mock('copyFromWindow', function() { return function() {}; });
    runCode({action: 'identify', user: [{name: 'em', value: 'ada@example.com'}]});
    assertApi('createArgumentsQueue').wasNotCalled();
    assertApi('callInWindow').wasCalledWith('capi', 'identify', {em: 'ada@example.com'});
    assertApi('gtmOnSuccess').wasCalled();
- name: Consent that is not granted yet is no denial
  code: |-
    const granted = {};
    const told = [];
    let listener;
    mock('isConsentGranted', function(type) { return granted[type] === true; });
    mock('addConsentListener', function(type, call) { listener = call; });
    mock('callInWindow', function(name, command, value) { if (command === 'consent') told.push(value); });
    runCode({action: 'setup', address: 'https://events.shop.example', key: 'pk_shop_12345678', consent: 'mode'});
    assertThat(told).isEqualTo([]);
    granted.ad_storage = true;
    listener('ad_storage', true);
    assertThat(told).isEqualTo([]);
    granted.ad_user_data = true;
    listener('ad_user_data', true);
    granted.ad_personalization = true;
    listener('ad_personalization', true);
    assertThat(told).isEqualTo(['limited', 'granted']);
    granted.ad_storage = false;
    listener('ad_storage', false);
    granted.ad_user_data = false;
    listener('ad_user_data', false);
    assertThat(told).isEqualTo(['limited', 'granted', 'denied']);
- name: Where no consent is needed none is asked for
  code: |-
    runCode({action: 'setup', address: 'https://events.shop.example', key: 'pk_shop_12345678', consent: 'granted', ownPages: true});
    assertApi('isConsentGranted').wasNotCalled();
    assertApi('addConsentListener').wasNotCalled();
    assertApi('callInWindow').wasCalledWith('capi', 'init',
      {key: 'pk_shop_12345678', url: 'https://events.shop.example', consent: 'granted', page: 'off'});
- name: A script that does not come fails the tag
  code: |-
    mock('injectScript', function(url, success, failure) { failure(); });
    runCode({action: 'setup', address: 'https://events.shop.example', key: 'pk_shop_12345678', consent: 'granted'});
    assertApi('gtmOnFailure').wasCalled();
    assertApi('gtmOnSuccess').wasNotCalled();
- name: An order in the words of GA4
  code: |-
    runCode({
      action: 'track',
      eventName: 'Purchase',
      eventId: 'order-7',
      ecommerce: {value: 59.9, currency: 'EUR', transaction_id: '7', items: [{item_id: 'sku-1', price: 29.95, quantity: 2}]},
      fields: [{name: 'shop', value: 'north'}]
    });
    assertApi('callInWindow').wasCalledWith('capi', 'track', 'Purchase', {
      shop: 'north', value: 59.9, currency: 'EUR', order_id: '7', content_type: 'product',
      contents: [{id: 'sku-1', quantity: 2, item_price: 29.95}]
    }, {event_id: 'order-7'});
    assertApi('gtmOnSuccess').wasCalled();
- name: An event without anything else
  code: |-
    runCode({action: 'track', eventName: 'Lead'});
    assertApi('callInWindow').wasCalledWith('capi', 'track', 'Lead', {}, {});


___NOTES___

The scenarios above also run outside of Tag Manager: tests/browser/test_gtm.py.
