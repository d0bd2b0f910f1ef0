// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IProviderRegistry} from "../../../src/interfaces/IProviderRegistry.sol";
import {ISessionChannels} from "../../../src/interfaces/ISessionChannels.sol";
import {SessionChannels} from "../../../src/money/SessionChannels.sol";
import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {MoneySignerDouble} from "../../support/doubles/MoneySignerDouble.sol";

/// The payer's word and the provider's: whose signature counts, and where.
contract SessionChannelsClaimSignaturesTest is MoneyFixture {
    ISessionChannels.ChannelConfig private config;
    bytes32 private id;

    function setUp() public override {
        super.setUp();
        (config, id) = _open(1000);
    }

    // The payer's word: the voucher.

    function testFuzz_refusesVouchersOfOthers(uint256 key) public {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != authorizerKey);
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        claim.voucherSignature = signed(key, _voucherDigest(id, 10));
        _refuses(claim);
    }

    /// The tenant gave the key away: only the authorizer signs.
    function test_refusesVouchersOfTheTenant() public {
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        claim.voucherSignature = signed(tenantKey, _voucherDigest(id, 10));
        _refuses(claim);
    }

    function test_refusesTheOtherFormOfASignature() public {
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        claim.voucherSignature = malleated(claim.voucherSignature);
        _refuses(claim);
    }

    function testFuzz_refusesMalformedSignatures(bytes memory signature) public {
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        vm.assume(keccak256(signature) != keccak256(claim.voucherSignature));
        claim.voucherSignature = signature;
        _refuses(claim);
    }

    function testFuzz_refusesAnotherMaximum(uint128 max) public {
        max = uint128(bound(max, 10, type(uint128).max));
        vm.assume(max != 500);
        ISessionChannels.Claim memory claim = _claim(config, 0, 500, 10);
        claim.maxClaimableAmount = max;
        _refuses(claim);
    }

    function test_refusesVouchersOfAnotherChannel() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.salt = "other";
        _open(other, 1000);
        ISessionChannels.Claim memory claim = _claim(other, 0, 10);
        claim.config = config;
        _refuses(claim);
    }

    function test_refusesVouchersOfAnotherChain() public {
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        vm.chainId(31_338);
        // The channel's id is another here, and so is the domain: neither the old voucher nor one with the old id counts.
        _refuses(claim);
        claim.voucherSignature = signed(authorizerKey, _voucherDigest(id, 10));
        _refuses(claim);
        vm.chainId(31_337);
        assertEq(_claimAs(_claim(config, 0, 10)), 10, "at home");
    }

    function test_refusesVouchersOfAnotherContract() public {
        SessionChannels other = new SessionChannels(vault, IProviderRegistry(address(registry)), IParamGovernor(address(governor)));
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        vm.prank(operator);
        other.claimMany(PROVIDER, _one(claim), "");
        claim.voucherSignature = signed(authorizerKey, _digest(_domain(block.chainid, address(other)), _voucherHash(id, 10)));
        _refuses(claim);
    }

    function test_aContractMayAuthorize() public {
        MoneySignerDouble wallet = new MoneySignerDouble(authorizer);
        ISessionChannels.ChannelConfig memory other = _config();
        other.payerAuthorizer = address(wallet);
        _open(other, 1000);
        assertEq(_claimAs(_claim(other, 0, 10)), 10, "amount");
        ISessionChannels.Claim memory claim = _claim(other, 0, 20);
        wallet.setKey(stranger);
        _refuses(claim);
    }

    /// An account with delegated code (EIP-7702) is still its key's.
    function test_aKeyCountsAlsoWhereItsAccountHasCode() public {
        vm.etch(authorizer, hex"00");
        assertEq(_claimAs(_claim(config, 0, 10)), 10, "amount");
    }

    function test_refusesClaimsOfAnotherProvider() public {
        bytes32 providerId = "other provider";
        registry.set(providerId, stranger, stranger, stranger);
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        vm.expectRevert(abi.encodeWithSelector(ISessionChannels.WrongProvider.selector, id, PROVIDER));
        vm.prank(stranger);
        channels.claimMany(providerId, _one(claim), "");
    }

    // The provider's word: its own call, or its signer's signature.

    function test_theSignerMayCall() public {
        ISessionChannels.Claim memory claim = _claim(config, 0, 10);
        vm.prank(signer);
        assertEq(channels.claimMany(PROVIDER, _one(claim), ""), 10, "amount");
    }

    function test_anyoneBringsTheSignersWord() public {
        (ISessionChannels.Claim[] memory claims, bytes memory word) = _signedClaims();
        vm.prank(stranger);
        assertEq(channels.claimMany(PROVIDER, claims, word), 10 + 20, "amount");
        // Again and again, without harm.
        vm.prank(stranger);
        assertEq(channels.claimMany(PROVIDER, claims, word), 0, "again");
    }

    /// Whoever holds vouchers decides not what was used: the payer must not, by claiming too little or too much, nor anyone else.
    function test_nobodyElseClaims() public {
        (ISessionChannels.Claim[] memory claims, bytes memory word) = _signedClaims();
        _refusesWord(claims, "");
        _refusesWord(claims, malleated(word));
        claims[1].totalClaimed = 19;
        _refusesWord(claims, word);
        claims[1].totalClaimed = 20;
        claims[1].receiptCount = 4;
        _refusesWord(claims, word);
        claims[1].receiptCount = 3;
        claims[1].receiptsRoot = "other";
        _refusesWord(claims, word);
        claims[1].receiptsRoot = ROOT;
        _refusesWord(_one(claims[0]), word);
        (claims[0], claims[1]) = (claims[1], claims[0]);
        _refusesWord(claims, word);
        (claims[0], claims[1]) = (claims[1], claims[0]);
        vm.chainId(31_338);
        _refusesWord(claims, word);
        vm.chainId(31_337);
        vm.prank(stranger);
        channels.claimMany(PROVIDER, claims, word);
    }

    /// The operator's key calls; it does not sign. A signer that was replaced does not either.
    function test_onlyTheSignerOfNowSigns() public {
        (ISessionChannels.Claim[] memory claims, bytes memory word) = _signedClaims();
        registry.set(PROVIDER, operator, authorizer, payout);
        _refusesWord(claims, word);
        registry.set(PROVIDER, signer, authorizer, payout);
        _refusesWord(claims, word);
    }

    function test_anUnknownProviderClaimsNothing() public {
        ISessionChannels.ChannelConfig memory other = _config();
        other.providerId = "unknown";
        ISessionChannels.Claim memory claim = _claim(other, 0, 10);
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        channels.claimMany("unknown", _one(claim), "");
    }

    function _signedClaims() private returns (ISessionChannels.Claim[] memory claims, bytes memory word) {
        bytes32 lockId = _lock(config, JOB, 500);
        claims = new ISessionChannels.Claim[](2);
        (claims[0], claims[1]) = (_claim(config, 0, 10), _claim(config, JOB, 50, 20));
        bytes32[] memory ids = new bytes32[](2);
        (ids[0], ids[1]) = (id, lockId);
        word = signed(signerKey, _claimsDigest(ids, claims));
    }

    function _refusesWord(ISessionChannels.Claim[] memory claims, bytes memory word) private {
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        vm.prank(tenant);
        channels.claimMany(PROVIDER, claims, word);
    }

    function _refuses(ISessionChannels.Claim memory claim) private {
        vm.expectRevert(ISessionChannels.BadSignature.selector);
        _claimAs(claim);
    }
}
