// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {EcdsaScheme} from "../../../src/quorum/EcdsaScheme.sol";
import {Test} from "../../support/Test.sol";

contract EcdsaCheckKeyTest is Test {
    EcdsaScheme private scheme = new EcdsaScheme();
    address private operator = address(0xa11ce);
    address private key;
    uint256 private secret;

    function setUp() public {
        (key, secret) = account("oracle key");
    }

    function _refused(address operator_, bytes memory key_, bytes memory possession) private {
        vm.expectRevert(IQuorumScheme.KeyInvalid.selector);
        scheme.checkKey(operator_, key_, possession);
    }

    function _proof(uint256 secret_, address operator_, address key_) private view returns (bytes memory) {
        return signed(secret_, scheme.possessionDigest(operator_, key_));
    }

    function test_keyLength() public view {
        assertEq(scheme.keyLength(), 20, "bytes");
    }

    function test_digestIsThatOfEip712() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Tallystick"),
                keccak256("1"),
                block.chainid,
                address(scheme)
            )
        );
        bytes32 structHash = keccak256(abi.encode(keccak256("Possession(address operator,address key)"), operator, key));
        assertEq(scheme.possessionDigest(operator, key), keccak256(abi.encodePacked(hex"1901", domain, structHash)), "digest");
    }

    function testFuzz_anyKeyWithItsProof(uint256 secret_, address operator_) public view {
        secret_ = bound(secret_, 1, type(uint128).max);
        address key_ = vm.addr(secret_);
        scheme.checkKey(operator_, abi.encodePacked(key_), _proof(secret_, operator_, key_));
    }

    function test_theOperatorsOwnAddressNeedsNone() public view {
        scheme.checkKey(key, abi.encodePacked(key), "");
    }

    function test_anotherAddressNeedsOne() public {
        _refused(operator, abi.encodePacked(key), "");
    }

    /// A proof that is there must be right, also where none is needed.
    function test_aWrongProofIsNotPassedOver() public {
        _refused(key, abi.encodePacked(key), new bytes(65));
    }

    function test_anothersProofIsNone() public {
        _refused(address(0xb0b), abi.encodePacked(key), _proof(secret, operator, key));
    }

    function test_proofByAnotherKey() public {
        _refused(operator, abi.encodePacked(key), _proof(secret + 1, operator, key));
    }

    function test_anotherChainsProofIsNone() public {
        bytes memory proof = _proof(secret, operator, key);
        vm.chainId(1);
        _refused(operator, abi.encodePacked(key), proof);
    }

    function test_anotherContractsProofIsNone() public {
        EcdsaScheme other = new EcdsaScheme();
        _refused(operator, abi.encodePacked(key), signed(secret, other.possessionDigest(operator, key)));
    }

    function test_malleableTwin() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, scheme.possessionDigest(operator, key));
        bytes32 high = bytes32(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141 - uint256(s));
        _refused(operator, abi.encodePacked(key), abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)));
    }

    /// `ecrecover` answers zero for rubbish: the zero address must not be a key.
    function test_zeroIsNoKey() public {
        _refused(operator, new bytes(20), abi.encodePacked(bytes32(uint256(1)), bytes32(uint256(1)), uint8(99)));
        _refused(address(0), new bytes(20), "");
    }

    function testFuzz_lengthOfTheKey(uint256 length) public {
        length = bound(length, 0, 200);
        vm.assume(length != 20);
        _refused(operator, new bytes(length), _proof(secret, operator, key));
    }

    function testFuzz_noise(bytes calldata possession) public {
        _refused(operator, abi.encodePacked(key), possession);
    }
}
